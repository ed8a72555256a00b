/** `unchoke bench`: data is verified and thrown away; its figures. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { withSwarm, writeTo } from '../support/swarm-fixture.ts';
import { torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;

interface Figures {
  readonly ms: number;
  readonly receivedBytes: number;
  readonly verifiedBytes: number;
  readonly rates: readonly number[];
  readonly peers: readonly { readonly bytes: number }[];
  readonly complete: boolean;
}

const figuresOf = (events: readonly Record<string, unknown>[]) =>
  events.find(({ type }) => type === 'bench') as unknown as Figures;

test('a whole small torrent: verified, and no byte on disk', () =>
  withSwarm(folder, { peers: 5, mix: 'seeds', payloadBytes: 16 * MIB }, async (torrent) => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const run = await startCli(['bench', torrent, '--json'], ['env', '-C', empty]).ended;
    assert.equal(run.status, 0, run.stderr);
    const { verifiedBytes, complete, peers, receivedBytes } = figuresOf(run.events);
    assert.equal(verifiedBytes, 16 * MIB);
    assert.equal(complete, true);
    assert.ok(receivedBytes > 0);
    const given = peers.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(given >= 16 * MIB, String(given));
    assert.deepEqual(readdirSync(empty), []);
  }));

test('--duration ends it, from the first block on', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 64 * MIB, rate: MIB }, async (torrent) => {
    const run = await runCli('bench', torrent, '--duration', '3s', '--json');
    assert.equal(run.status, 0, run.stderr);
    const { ms, rates, complete, verifiedBytes } = figuresOf(run.events);
    assert.ok(ms >= 3_000, String(ms));
    assert.equal(complete, false);
    assert.ok(rates.length >= 2);
    assert.ok(verifiedBytes > 0 && verifiedBytes < 64 * MIB);
  }));

test('Ctrl-C prints the measurements so far', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 64 * MIB, rate: MIB }, async (torrent) => {
    const running = startCli(['bench', torrent, '--json']);
    await running.line((line) => /"blockBytes":[1-9]/.test(line));
    running.child.kill('SIGINT');
    const run = await running.ended;
    assert.equal(run.status, 130, run.stderr);
    assert.ok(figuresOf(run.events).receivedBytes > 0);
  }));

test('no peer to measure: exit 4, with the reason', async () => {
  const torrent = writeTo(folder, 'nobody.torrent', torrentOf());
  const refused = await runCli('bench', torrent, '--peer', '127.0.0.1:1', '--first-unchoke-timeout', '2s');
  assert.equal(refused.status, 4);
  assert.match(refused.stderr, /no block arrived within 2 s \(1 peer known\)|the only peer is gone/);
  const none = await runCli('bench', torrent);
  assert.equal(none.status, 4);
  assert.match(none.stderr, /no peer was found/);
});
