/** Metrics for Prometheus: in a file, and on a port that only loopback reaches. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { withSwarm, writeTo } from '../support/swarm-fixture.ts';
import { torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();

function ask(
  port: number,
  method: string,
  path: string,
  host: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, method, path, headers: { host }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    asked.on('error', reject).end();
  });
}

test('a file at the end and a port in between; strangers get nothing', () =>
  withSwarm(folder, { peers: 3, mix: 'seeds', rate: 2 ** 20 }, async (torrent) => {
    const file = join(folder, 'unchoke.prom');
    const args = ['-o', join(folder, 'out'), '--metrics', file, '--metrics-port', '0'];
    const running = startCli(['get', torrent, ...args]);
    let news = '';
    const port = await new Promise<number>((resolve, reject) => {
      running.child.stderr?.on('data', (text: string) => {
        news += text;
        const found = /metrics at http:\/\/127\.0\.0\.1:(\d+)\/metrics/.exec(news);
        if (found !== null) resolve(Number(found[1]));
      });
      void running.ended.then(() => reject(new Error(news)));
    });
    const statuses = await Promise.all([
      ask(port, 'GET', '/metrics', 'evil.example'),
      ask(port, 'POST', '/metrics', '127.0.0.1'),
      ask(port, 'GET', '/', `localhost:${port}`),
      ask(port, 'GET', '/metrics', `127.0.0.1:${port}`),
    ]);
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [403, 405, 404, 200],
    );
    const run = await running.ended;
    assert.equal(run.status, 0, run.stderr);
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^unchoke_complete\{info_hash="[0-9a-f]{40}"\} 1$/m);
    assert.match(text, /^unchoke_verified_bytes\{[^}]*\} 8388608$/m);
    assert.match(text, /^# TYPE unchoke_received_bytes_total counter$/m);
    assert.match(text, /^unchoke_first_unchoke_seconds\{[^}]*\} 0\.\d+$/m);
    for (const line of text.trim().split('\n')) assert.match(line, /^(?:# (?:HELP|TYPE) |unchoke_[a-z_]+\{)/);
  }));

test('a file that cannot be written is reported before the download, with its exit status', async () => {
  const torrent = writeTo(folder, 'x.torrent', torrentOf());
  const run = await runCli('get', torrent, '-o', join(folder, 'no'), '--metrics', '/nonexistent/x.prom');
  assert.equal(run.status, 5, run.stderr);
  assert.match(run.stderr, /--metrics \/nonexistent\/x\.prom: the folder \/nonexistent does not exist/);
});

test('a dry run leaves the file as it is', async () => {
  const torrent = writeTo(folder, 'dry.torrent', torrentOf());
  const file = writeTo(folder, 'dry.prom', Buffer.from('figures of a real run'));
  const run = await runCli('get', torrent, '--dry-run', '--metrics', file);
  assert.deepEqual([run.status, readFileSync(file, 'utf8')], [0, 'figures of a real run'], run.stderr);
});

test('if it cannot be written later, this is reported, and the download goes on', () =>
  withSwarm(folder, { peers: 3, mix: 'seeds', rate: 2 ** 20 }, async (torrent) => {
    const home = join(folder, 'home');
    mkdirSync(home);
    const running = startCli([
      'get',
      torrent,
      '-o',
      join(folder, 'out2'),
      '--metrics',
      join(home, 'x.prom'),
      '--json',
    ]);
    await running.line((line) => line.includes('"progress"'));
    // At once: if it is removed bit by bit, a new file may appear in between and stay.
    renameSync(home, `${home}-gone`);
    const run = await running.ended;
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stderr, /--metrics .*x\.prom: its folder does not exist, or takes no new files/);
  }));
