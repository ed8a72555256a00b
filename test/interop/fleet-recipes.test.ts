/** The commands of docs/fleet.md, run by bash as they are written, on a real Redis and PostgreSQL. Only addresses are replaced. */
import assert from 'node:assert/strict';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/cli.ts';
import { labSeed } from '../support/fleet-lab.ts';
import { MIB } from '../support/fleet-setting.ts';
import { type Ended, runPageCommand } from '../support/page-command.ts';
import { CLI, ROOT } from '../support/paths.ts';
import { freePort } from '../support/processes.ts';
import { postgresServer, redisServer } from '../support/queue-servers.ts';
import { withStarted } from '../support/started.ts';

const TIMEOUT_MS = 100_000;
const READY = /^complete: /m;
const folder = temporaryFolder();
const home = join(folder, 'home');

/** Blocks marked `sh`, without comments. */
function blocks(): string[][] {
  const text = readFileSync(join(ROOT, 'docs', 'fleet.md'), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) =>
    block.split('\n').filter((line) => line.trim() !== ''),
  );
}

/** A worker runs until a torrent is complete, and is stopped then. */
function run(line: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const stopsAt = line.includes('fleet work') ? READY : null;
  return runPageCommand({ line, cwd: home, env, stopsAt, timeoutMs: TIMEOUT_MS });
}

test('every command of docs/fleet.md works', () =>
  withStarted(async (keep) => {
    for (const path of ['bin', 'home/torrents', 'home/Downloads', 'home/shared'])
      mkdirSync(join(folder, path), { recursive: true });
    const redis = await keep(redisServer(folder));
    const postgres = await keep(postgresServer());
    const seed = await keep(labSeed(folder, { count: 8, bytes: MIB / 4 }, 0));
    const [first, second, named, linked, ...spare] = seed.torrents;
    assert.ok(first !== undefined && second !== undefined && named !== undefined && linked !== undefined);
    for (const { file, name } of [first, second]) cpSync(file, join(home, 'torrents', `${name}.torrent`));
    cpSync(named.file, join(home, 'x.torrent'));
    writeFileSync(join(folder, 'bin', 'unchoke'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    chmodSync(join(folder, 'bin', 'unchoke'), 0o755);
    const replaced: readonly (readonly [string, string])[] = [
      ['redis://:PASSWORD@queue.example:6379', redis.url],
      ['postgres://USER:PASSWORD@queue.example:5432/DATABASE', postgres.url],
      ['http://t.example/announce', `http://127.0.0.1:${await freePort()}/announce`],
      ["'magnet:?xt=urn:btih:…'", `'magnet:?xt=urn:btih:${linked.id}'`],
      ['c12fe1c06bba254a9dc9f519b335aa7c1367a88a', named.id],
    ];
    let env: NodeJS.ProcessEnv = {
      HOME: home,
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      UNCHOKE_PEER: seed.peer,
      ...{ UNCHOKE_NO_DHT: '1', UNCHOKE_NO_LSD: '1', UNCHOKE_NO_UTP: '1', UNCHOKE_NO_NAT: '1' },
    };
    let count = 0;
    for (const written of blocks().flat()) {
      const line = replaced.reduce((text, [from, to]) => text.replaceAll(from, to), written);
      const set = /^export (\w+)=(.*)$/.exec(line);
      if (set !== null) {
        env = { ...env, [set[1] as string]: set[2] };
        continue;
      }
      assert.match(line, /^unchoke fleet /, 'a command that no test knows');
      // There is something to do for each worker.
      if (line.includes('fleet work')) await run(`unchoke fleet add ${spare.pop()?.file}`, env);
      const { status, text } = await run(line, env);
      assert.equal(status, 0, `${line}\n${text}`);
      if (line.includes('fleet work')) assert.match(text, READY);
      count += 1;
    }
    assert.ok(count >= 12, `only ${count} commands were found`);
  }));

test('every command of a fleet is on the page', () => {
  const shown = blocks().flat().join('\n');
  for (const word of ['add', 'work', 'status', 'retry', 'remove', 'pause', 'resume'])
    assert.match(shown, new RegExp(`^unchoke fleet ${word}\\b`, 'm'));
});
