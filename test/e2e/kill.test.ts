/**
 * SIGKILL at random moments, again and again: the result is right, every claim of the journal is true, and little is
 * downloaded twice. `npm run soak` kills 50 times, the default run a few times. UNCHOKE_SOAK_SEED picks other moments.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { type CliResult, runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { dice } from '../support/dice.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { assertPayload, withSwarm } from '../support/swarm-fixture.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;
const KILLS = Number(process.env['UNCHOKE_SOAK_KILLS'] ?? 4);
const SEED = Number(process.env['UNCHOKE_SOAK_SEED'] ?? 1);
const PEERS = 6;
const PIECE = 131_072;
/** So slow that all kills happen during the download. */
const RATE = MIB / 4;
/** One second of data: what arrives between two kills on average, plus what arrives before it is reported. */
const STRIDE = PEERS * RATE;
/** Each fourth run lasts until there is a journal: more than five seconds, and longer with a busy disk. No run may reach the end. */
const PAYLOAD = (KILLS * 6 + 40) * STRIDE;

/** The same torrent from two swarms: one slow enough to interrupt, at this many bytes per second and peer, and one without a limit. */
function withSlowAndFast(
  peers: number,
  payloadBytes: number,
  rate: number,
  work: (slow: string, fast: string) => Promise<void>,
): Promise<void> {
  const options = { peers, mix: 'seeds', payloadBytes };
  return withSwarm(folder, { ...options, rate }, (slow) =>
    withSwarm(folder, options, (fast) => work(slow, fast)),
  );
}

/** Pieces that the journal claims. */
function claimed(journal: string): number[] {
  if (!existsSync(journal)) return [];
  const [line] = readFileSync(journal, 'utf8').split('\n');
  const bits = Buffer.from((JSON.parse(line ?? '') as { verified: string }).verified, 'base64');
  return [...bits].flatMap((byte, i) =>
    Array.from({ length: 8 }, (_, bit) => ((byte & (0x80 >> bit)) === 0 ? -1 : i * 8 + bit)).filter(
      (piece) => piece >= 0,
    ),
  );
}

function assertClaims(torrent: string, path: string): number {
  const { pieceHashes } = loadTorrent(torrent);
  const claims = claimed(`${path}.unchoke`);
  const bytes = claims.length > 0 ? readFileSync(path) : Buffer.alloc(0);
  for (const piece of claims) {
    const hash = createHash('sha1')
      .update(bytes.subarray(piece * PIECE, (piece + 1) * PIECE))
      .digest();
    assert.equal(
      hash.compare(pieceHashes, piece * 20, piece * 20 + 20),
      0,
      `the journal claims piece ${piece}`,
    );
  }
  return claims.length;
}

/** The verified bytes in a line of `--json`; 0 for other lines, also for the progress of the check of the disk. */
function verifiedBytes(line: string): number {
  const event = JSON.parse(line) as { type: string; work?: string; bytes: number };
  return event.type === 'progress' && event.work === undefined ? event.bytes : 0;
}

/** What a run found before it began to download. */
function foundAtFirst(run: CliResult): number {
  const first = run.events.find(({ type, work }) => type === 'progress' && work === undefined);
  return Number(first?.['bytes'] ?? Number.POSITIVE_INFINITY);
}

function received(run: CliResult): number {
  const last = run.events.findLast(({ type }) => type === 'progress' || type === 'summary');
  return Number(last?.['blockBytes'] ?? 0);
}

test(`killed ${KILLS} times at the moments of seed ${SEED}`, { timeout: 90_000 + KILLS * 8_000 }, () =>
  withSlowAndFast(PEERS, PAYLOAD, RATE, async (torrent, fast) => {
    const output = join(folder, 'killed');
    const path = join(output, 'swarm-1.bin');
    const roll = dice(SEED);
    let total = 0;
    let claims = 0;
    let bytes = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const running = startCli(['get', torrent, '-o', output, '--json']);
      const before = bytes;
      const target = bytes + roll(STRIDE / 2);
      const journalled = kill % 4 === 3;
      await running.line((line) => {
        bytes = Math.max(bytes, verifiedBytes(line));
        return bytes >= target && (!journalled || claimed(`${path}.unchoke`).length > 0);
      });
      running.child.kill('SIGKILL');
      const run = await running.ended;
      assert.equal(run.signal, 'SIGKILL', 'the fault fired');
      // Everything that was reported as verified is in the file, even if the journal had no time to claim it.
      assert.ok(foundAtFirst(run) >= before, `${foundAtFirst(run)} bytes found of ${before}`);
      total += received(run);
      claims += assertClaims(torrent, path);
    }
    const last = await runCli('get', fast, '-o', output, '--json');
    assert.equal(last.status, 0, last.stderr);
    total += received(last);
    assertPayload(torrent, path);
    assert.equal(existsSync(`${path}.unchoke`), false, 'a complete download needs no journal');
    const again = total - PAYLOAD;
    assert.ok(again <= KILLS * 5 * PEERS * RATE, `${again} bytes were downloaded again`);
    assert.ok(claims > 0, 'journals were there to be checked');
  }),
);

test('an interrupted run keeps the blocks of unfinished pieces; wrong ones cost their pieces, and no peer', () =>
  withSlowAndFast(4, 4 * MIB, MIB / 16, async (slow, torrent) => {
    for (const isWrong of [false, true]) {
      const output = join(folder, `kept ${isWrong}`);
      const path = join(output, 'swarm-1.bin');
      const blocks = `${path}.unchoke.blocks`;
      const running = startCli(['get', slow, '-o', output, '--json']);
      await running.line((line) => {
        const { type, pieces = 0, pendingBytes = 0 } = JSON.parse(line) as Record<string, string | number>;
        return type === 'progress' && Number(pieces) >= 4 && Number(pendingBytes) >= 2 * PIECE;
      });
      running.child.kill('SIGINT');
      assert.equal((await running.ended).status, 130);
      const content = readFileSync(blocks);
      const line = content.indexOf('\n') + 1;
      const keptBytes = content.length - line;
      assert.ok(keptBytes >= PIECE, `${keptBytes} bytes kept`);
      if (isWrong) writeFileSync(blocks, content.fill(0x55, line));
      const verified = claimed(`${path}.unchoke`).length * PIECE;
      const run = await runCli('get', torrent, '-o', output, '--json');
      assert.equal(run.status, 0, run.stderr);
      const complete = run.events.find(({ type }) => type === 'complete') ?? assert.fail('not complete');
      const found = Number(complete['bytes']) - Number(complete['downloaded']);
      assert.equal(found, verified + (isWrong ? 0 : keptBytes));
      const failed = run.events.filter(({ type }) => type === 'piece-failed');
      assert.equal(failed.length > 0, isWrong, 'the fault fired');
      assert.deepEqual(
        run.events.filter(({ type }) => type === 'peer-banned'),
        [],
      );
      assertPayload(torrent, path);
      assert.equal(existsSync(blocks), false);
    }
  }));

test('a journal that lies, is cut, or belongs to another torrent costs a check and nothing else', () =>
  withSlowAndFast(4, 4 * MIB, MIB / 16, async (slow, torrent) => {
    const output = join(folder, 'liar');
    const path = join(output, 'swarm-1.bin');
    const running = startCli(['get', slow, '-o', output, '--json']);
    await running.line(
      (line) => line.startsWith('{"type":"progress"') && (JSON.parse(line) as { pieces: number }).pieces >= 8,
    );
    running.child.kill('SIGINT');
    assert.equal((await running.ended).status, 130);
    const journal = readFileSync(`${path}.unchoke`, 'utf8');
    const interrupted = statSync(path);
    const trusting = await runCli('get', torrent, '-o', output, '--json');
    assert.deepEqual(
      [trusting.status, trusting.events.at(-1)?.['rehashed']],
      [0, 0],
      'an honest journal spares the check',
    );

    const bytes = readFileSync(path);
    const { mtime } = interrupted;
    const restore = (): void => {
      writeFileSync(path, bytes);
      utimesSync(path, new Date(), mtime);
    };
    const wrecks: Record<string, () => void> = {
      cut: () => writeFileSync(`${path}.unchoke`, journal.slice(0, 50)),
      'with a wrong sum': () => writeFileSync(`${path}.unchoke`, journal.replace('"v":2', '"v":2 ')),
      foreign: () =>
        writeFileSync(`${path}.unchoke`, journal.replaceAll(/"infoHash":"../g, '"infoHash":"00')),
      'of zero bytes': () => writeFileSync(`${path}.unchoke`, ''),
      'honest about a file that was overwritten at the same time of change': () => {
        writeFileSync(`${path}.unchoke`, journal);
        writeFileSync(path, Buffer.alloc(bytes.length, 1));
        utimesSync(path, new Date(), mtime);
      },
      'honest about a file that became shorter': () => {
        writeFileSync(`${path}.unchoke`, journal);
        writeFileSync(path, bytes.subarray(0, 3 * MIB));
      },
    };
    for (const [name, wreck] of Object.entries(wrecks)) {
      restore();
      wreck();
      const run = await runCli('get', torrent, '-o', output, '--json');
      assert.equal(run.status, 0, `a journal ${name}: ${run.stderr}`);
      assert.ok(Number(run.events.at(-1)?.['rehashed']) > 0, `a journal ${name} is not believed`);
      assertPayload(torrent, path);
    }
  }));
