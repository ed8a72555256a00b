/** Hostile text and secrets from any source do not reach the terminal. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { dict, int, list, str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const EVIL = '\u009b31m\u202egpj\x1b[2J\u200b';
const PASSKEY = '0123456789abcdef0123456789abcdef';
const UNFIT = /(?!\n)[\p{Cc}\u202e\u200b]/u;

test('a torrent with only hostile texts: shown, in JSON, and in an error', async () => {
  const files = list(dict({ length: int(100), path: list(str(`a${EVIL}`)) }));
  const tracker = `http://${PASSKEY}.t.example/${PASSKEY}/announce?p=${PASSKEY}`;
  const bytes = torrentOf(
    { files, name: str(`n${EVIL}`), private: int(1) },
    {
      announce: str(tracker),
      comment: str(`c${EVIL}\nprivate     no`),
      'created by': str(EVIL),
      'url-list': str(`http://w.example/${PASSKEY}/`),
    },
  );
  const torrent = writeTo(folder, 'evil.torrent', bytes);
  const [text, json, whole, broken] = await Promise.all([
    runCli('inspect', torrent),
    runCli('inspect', torrent, '--json'),
    runCli('inspect', torrent, '--show-secrets'),
    runCli('inspect', writeTo(folder, 'twice.torrent', Buffer.concat([str(EVIL), bytes]))),
  ]);
  for (const { stdout, stderr } of [text, json, broken]) {
    assert.doesNotMatch(stdout + stderr, UNFIT);
    assert.doesNotMatch(stdout + stderr, new RegExp(PASSKEY));
  }
  assert.match(text.stdout, /^comment {5}c\ufffd31m\ufffdgpj\ufffd\[2J\ufffd\ufffdprivate {5}no$/m);
  assert.match(text.stdout, /^tier 1 {6}http:\/\/….t.example\/…\?…$/m);
  assert.equal(json.events[0]?.['comment'], `c${EVIL}\nprivate     no`);
  assert.match(whole.stdout, new RegExp(`^tier 1 +${tracker.replaceAll(/[?.]/g, '\\$&')}$`, 'm'));
});

test('text from a tracker and from a magnet link', async () => {
  const server = createServer((_, response) => {
    const reason = str(`${EVIL}\ncomplete and verified: http://t.example/${PASSKEY}`);
    response.end(dict({ 'failure reason': reason }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/announce?passkey=${PASSKEY}`;
  const torrent = writeTo(folder, 't.torrent', torrentOf({}, { announce: str(url) }));
  const magnet = (rest: string) => `magnet:?xt=urn:btih:${'ab'.repeat(20)}&${rest}`;
  const hostile = encodeURIComponent(EVIL);
  const out = join(folder, 'out');
  try {
    const runs = await Promise.all([
      runCli('get', torrent, '-o', out, '--first-unchoke-timeout', '1s'),
      runCli('get', magnet(`x.pe=${hostile}&so=${hostile}`), '-o', out, '--first-unchoke-timeout', '1s'),
      runCli(
        'get',
        magnet(`tr=${encodeURIComponent(url)}`),
        EVIL,
        '-o',
        out,
        '--first-unchoke-timeout',
        '1s',
      ),
      runCli(EVIL, `--${EVIL}`),
    ]);
    for (const { stdout, stderr, status } of runs) {
      assert.notEqual(status, 0);
      assert.doesNotMatch(stdout + stderr, UNFIT);
      assert.doesNotMatch(stdout + stderr, new RegExp(PASSKEY));
    }
    assert.match(runs[0]?.stderr ?? '', /gpj\ufffd\[2J/, 'the tracker was heard');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
