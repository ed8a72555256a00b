/**
 * The table of docs/doctor.md: each cause is made with real sockets, and the run gives the one diagnosis of its row and no other.
 * `UNCHOKE_WRITE_DOCTOR_TABLE=1` writes the table instead of comparing it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Command } from 'commander';
import { doctorCommand } from '../../src/main/cli/commands/doctor.ts';
import { Console } from '../../src/main/cli/output/console.ts';
import { lookAt } from '../../src/main/cli/runs/run-doctor.ts';
import { RACE_ALONE, withSource } from '../../src/main/cli/runs/with-session.ts';
import { doctorSettings } from '../../src/main/cli/settings-from-flags.ts';
import { DIAGNOSES } from '../../src/main/doctor/diagnosis.ts';
import { type Cause, Scene } from '../support/causes/cause.ts';
import { DISK_CAUSES } from '../support/causes/disk.ts';
import { METADATA_CAUSES } from '../support/causes/metadata.ts';
import { NETWORK_CAUSES } from '../support/causes/network.ts';
import { PEER_CAUSES } from '../support/causes/peers.ts';
import { atHome, startCli } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ROOT } from '../support/paths.ts';

checkLeaksAtEnd();
const folder = mkdtempSync(join(tmpdir(), 'unchoke-causes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** In the order of the table. */
const CAUSES: readonly Cause[] = [...NETWORK_CAUSES, ...PEER_CAUSES, ...METADATA_CAUSES, ...DISK_CAUSES];
const TABLE = join(ROOT, 'docs', 'doctor.md');
const BEGIN = '<!-- the table -->\n';
const END = '<!-- its end -->\n';
/** Made elsewhere: by a fault of the machine. */
const OF_THE_MACHINE = ['disk-slow', 'descriptors', 'event-loop', 'interface-gone'];

interface Told {
  readonly code: string;
  readonly text: string;
  readonly advice: string;
}
/** Each console listens for errors of the standard streams, so one serves all. */
const quiet = new Console({ json: false, quiet: true });
// Each look listens for signals.
process.setMaxListeners(0);
const told = new Map<Cause, Told | null>();

/** A busy machine makes our threads late: that is no fault of the cause. */
function without(found: readonly Told[]): Told[] {
  return found.filter(({ code }) => code !== 'event-loop');
}

/** In a process of its own: a download, or a network of its own. A diagnosis that comes twice, as a hint and at the end, counts once. */
async function ofProcess(
  { under, code, completes }: Cause,
  scene: Scene,
  args: readonly string[],
): Promise<Told[]> {
  const run = await startCli([...args, '--json'], typeof under === 'function' ? under(scene) : (under ?? []))
    .ended;
  assert.equal(run.status, code === null || completes === true ? 0 : 4, run.stderr);
  const all = run.events.filter(({ type }) => type === 'diagnosis') as unknown as Told[];
  return all.filter((one, i) => all.findIndex((other) => other.code === one.code) === i);
}

/** In this process: to start sixty would take most of the time. */
async function ofLook(args: readonly string[]): Promise<readonly Told[]> {
  let found: readonly Told[] = [];
  const program = new Command().exitOverride();
  doctorCommand(program, async (named, flags) => {
    const settings = doctorSettings(flags);
    found = await withSource(named, settings, RACE_ALONE, async (source, session) => {
      const look = await lookAt(source, settings, session, quiet);
      await look.run.stop();
      assert.equal(look.run.swarm.race.firsts.firstBlockMs !== null, without(look.found).length === 0);
      return look.found;
    });
  });
  await program.parseAsync([...atHome(args), '--quiet'], { from: 'user' });
  return found;
}

describe('each cause gives its diagnosis, and no other', { concurrency: 10 }, () => {
  // The long ones begin first.
  const rank = ([, { isLong }]: [number, Cause]): number => (isLong === true ? 0 : 1);
  const byTime = [...CAUSES.entries()].sort((a, b) => rank(a) - rank(b));
  for (const [i, cause] of byTime) {
    const skip = cause.under === null ? 'needs a network namespace or strace' : false;
    test(cause.cause, { skip }, async () => {
      const scene = new Scene(folder, String(i));
      try {
        const args = [...(await cause.args(scene)), '--shards', '1'];
        if (args[0] === 'doctor' && !args.includes('--for'))
          args.push('--for', cause.waits === true ? '3s' : '20s');
        const isLook = args[0] === 'doctor' && cause.under === undefined;
        const found = without(isLook ? await ofLook(args) : await ofProcess(cause, scene, args));
        assert.deepEqual(
          found.map(({ code }) => code),
          cause.code === null ? [] : [cause.code],
          JSON.stringify(found),
        );
        told.set(cause, found[0] ?? null);
      } finally {
        await scene.close();
      }
    });
  }
});

/** What differs from run to run. */
function general(text: string): string {
  return text.replace(/127\.\d+\.\d+\.\d+:\d+/g, 'HOST:PORT').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}

function rowOf({ cause }: Cause, one: Told | null): string {
  if (one === null) return `| ${cause} | | (no diagnosis) | |`;
  return `| ${cause} | \`${one.code}\` | ${general(one.text)} | ${general(one.advice)} |`;
}

test('docs/doctor.md has the same table', () => {
  const doc = readFileSync(TABLE, 'utf8');
  const [before = '', rest = ''] = doc.split(BEGIN);
  const [table = '', behind = ''] = rest.split(END);
  const [title = '', line = '', ...rows] = table.trim().split('\n');
  // A cause that this machine does not allow keeps its row.
  const made = CAUSES.flatMap((cause) => {
    const one = told.get(cause);
    if (one !== undefined) return [rowOf(cause, one)];
    return rows.filter((row) => row.startsWith(`| ${cause.cause} |`));
  });
  const now = `${[title, line, ...made].join('\n')}\n`;
  if (process.env['UNCHOKE_WRITE_DOCTOR_TABLE'] === '1')
    writeFileSync(TABLE, `${before}${BEGIN}${now}${END}${behind}`);
  else assert.equal(table, now);
  for (const code of DIAGNOSES)
    assert.ok(doc.includes(`\`${code}\``), `docs/doctor.md does not name ${code}`);
});

test('every diagnosis has a cause here, except those that need a fault of the machine', () => {
  const shown = new Set(CAUSES.map(({ code }) => code));
  assert.deepEqual(DIAGNOSES.filter((code) => !shown.has(code)).sort(), [...OF_THE_MACHINE].sort());
});
