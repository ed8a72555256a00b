/** Web seeds that misbehave: each is reported, none damages the result. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { promiseAndResolve } from '../support/promise.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { list, str } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const bytes = randomBytes(2 * 2 ** 20 + 77);
const made = madeTorrent([{ path: 'data.bin', bytes }], 65_536);

type Answer = (from: number, to: number, response: ServerResponse, n: number) => void;

function send(response: ServerResponse, from: number, to: number, body: Buffer, total = bytes.length): void {
  response.writeHead(206, {
    'content-range': `bytes ${from}-${to}/${total}`,
    'content-length': body.length,
  });
  response.end(body);
}

async function webSeed(answer: Answer) {
  let n = 0;
  const server = createServer((request: IncomingMessage, response) => {
    const [from = 0, to = 0] =
      /bytes=(\d+)-(\d+)/
        .exec(request.headers.range ?? '')
        ?.slice(1)
        .map(Number) ?? [];
    answer(from, to, response, ++n);
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    asked: () => n,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Case {
  readonly name: string;
  readonly answer: Answer;
  readonly query?: string;
  /** When the peer begins to send; if not given, once the web seed is given up. */
  readonly peerBegins?: Promise<void>;
}

/** Downloads with this web seed and an honest peer that leaves it time to misbehave. */
async function downloadWith({ name, answer, query = '', peerBegins }: Case) {
  const web = await webSeed(answer);
  const lost = promiseAndResolve();
  const seed = await torrentSeed(made, '127.0.0.77', { heldUntil: peerBegins ?? lost.promise });
  const torrent = writeTo(
    folder,
    `${name}.torrent`,
    Buffer.concat([
      made.torrent.subarray(0, -1),
      str('url-list'),
      list(str(`${web.url}${query}`)),
      Buffer.from('e'),
    ]),
  );
  try {
    const output = join(folder, name);
    const peer = ['--no-trackers', '--peer', seed.address];
    const running = startCli(['get', torrent, '-o', output, '--json', ...peer]);
    if (peerBegins === undefined)
      void running.line((line) => line.includes('"web-seed-lost"')).then(lost.resolve, () => {});
    const run = await running.ended;
    assert.equal(run.status, 0, run.stderr);
    assert.ok(readFileSync(join(output, 'set', 'data.bin')).equals(bytes));
    const summary = run.events.at(-1) as { webSeeds?: { bytes: number; lostTo: string | null }[] };
    return { run, asked: web.asked(), seed: summary.webSeeds?.[0] };
  } finally {
    await seed.close();
    await web.close();
  }
}

const right: Answer = (from, to, response) => send(response, from, to, bytes.subarray(from, to + 1));

test('a web seed that flips one byte is dropped, and the piece comes from elsewhere', async () => {
  const { run, seed } = await downloadWith({
    name: 'liar',
    answer: (from, to, response) => {
      const body = Buffer.from(bytes.subarray(from, to + 1));
      body[0] = (body[0] ?? 0) ^ 1;
      send(response, from, to, body);
    },
  });
  assert.equal(seed?.lostTo, 'it sent bad data');
  assert.ok(
    run.events.some(({ type }) => type === 'piece-failed'),
    'the fault fired',
  );
  assert.ok(!run.events.some(({ type }) => type === 'peer-banned'), 'and no peer is blamed for it');
});

for (const [name, answer, lostTo] of [
  ['is not there', (_f, _t, response) => void response.writeHead(404).end(), 'HTTP status 404'],
  [
    'has another file',
    (from, to, response) => send(response, from, to, bytes.subarray(from, to + 1), 5_000_000),
    `its file has 5000000 bytes, but the torrent's file has ${bytes.length}`,
  ],
  [
    'answers with another range',
    (from, to, response) => send(response, from + 1, to, bytes.subarray(from + 1, to + 1)),
    'it answers with a different range than we asked for',
  ],
] as const satisfies readonly (readonly [string, Answer, string])[]) {
  test(`a web seed that ${name} is given up at once`, async () => {
    const { seed, asked } = await downloadWith({ name, answer });
    assert.equal(seed?.lostTo, lostTo);
    assert.ok(asked > 0 && asked <= 4, `${asked} requests`);
  });
}

test('a web seed that breaks off in the middle is tried again, and whole blocks count', async () => {
  const again = promiseAndResolve();
  const { seed, asked } = await downloadWith({
    name: 'breaks',
    peerBegins: again.promise,
    answer: (from, to, response, n) => {
      if (n > 2) {
        again.resolve();
        return right(from, to, response, n);
      }
      response.writeHead(206, {
        'content-range': `bytes ${from}-${to}/${bytes.length}`,
        'content-length': to - from + 1,
      });
      response.write(bytes.subarray(from, from + 70_000), () => response.destroy());
    },
  });
  assert.ok(asked > 2, 'the fault fired, and it was asked again');
  assert.equal(seed?.lostTo, null);
});

test('error pages with a body end only their request; the server is tried again', async () => {
  const again = promiseAndResolve();
  const { run, seed, asked } = await downloadWith({
    name: 'busy',
    peerBegins: again.promise,
    answer: (_f, _t, response, n) => {
      response.writeHead(503, { 'content-type': 'text/html' });
      response.end('<html>come back later</html>'.repeat(50));
      if (n > 3) again.resolve();
    },
  });
  assert.ok(asked > 3, 'the fault fired, and beyond the first try of the three connections');
  assert.ok(!/died/.test(run.stderr), run.stderr);
  assert.equal(seed?.bytes, 0);
});

test('a very slow web seed delays no other: peers without work join its pieces', async () => {
  const begun = promiseAndResolve();
  /** For each request: the number of requested and of sent bytes. */
  const requests: { readonly wanted: number; sent: number }[] = [];
  await downloadWith({
    name: 'crawls',
    peerBegins: begun.promise,
    answer: (from, to, response) => {
      response.writeHead(206, {
        'content-range': `bytes ${from}-${to}/${bytes.length}`,
        'content-length': to - from + 1,
      });
      const request = { wanted: to + 1 - from, sent: 0 };
      requests.push(request);
      const timer = setInterval(() => {
        if (response.destroyed || request.sent >= request.wanted) return clearInterval(timer);
        const at = from + request.sent;
        const some = bytes.subarray(at, Math.min(to + 1, at + 100));
        request.sent += some.length;
        response.write(some, begun.resolve);
      }, 100);
    },
  });
  const crawled = requests.filter(({ sent }) => sent > 0);
  assert.ok(crawled.length > 0, 'the fault fired');
  for (const { sent, wanted } of crawled)
    assert.ok(sent < wanted, 'what it was asked for came from elsewhere before it was through');
});

test('a web seed on our own network may have no query', async () => {
  const { seed, asked } = await downloadWith({ name: 'query', answer: right, query: '?delete=all' });
  assert.deepEqual([asked, seed?.bytes], [0, 0]);
  assert.equal(seed?.lostTo, 'a web seed on our own network may have no query');
});

/** Runs `get` with a web seed that answers for the second of three files with this status. */
async function withoutOneFile(name: string, status: number, more: readonly string[]) {
  const files = ['a.bin', 'b-gone.txt', 'c.bin'].map((path, i) => ({
    path,
    bytes: randomBytes(65_536 * (i + 1) + (i === 1 ? 100 : 0)),
  }));
  const { torrent } = madeTorrent(files, 65_536);
  const server = createServer(({ url = '', headers }, response) => {
    const file = files.find(({ path }) => url === `/set/${path}`);
    const [from = 0, to = 0] =
      /(\d+)-(\d+)/
        .exec(headers.range ?? '')
        ?.slice(1)
        .map(Number) ?? [];
    if (file === undefined || file.path === 'b-gone.txt') response.writeHead(status).end();
    else send(response, from, to, file.bytes.subarray(from, to + 1), file.bytes.length);
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const url = list(str(`http://127.0.0.1:${address.port}/`));
  const path = writeTo(
    folder,
    `${name}.torrent`,
    Buffer.concat([torrent.subarray(0, -1), str('url-list'), url, Buffer.from('e')]),
  );
  try {
    const output = join(folder, name);
    const run = await startCli(['get', path, '-o', output, '--json', '--no-trackers', ...more]).ended;
    const missing = run.events.find(({ type }) => type === 'summary')?.['missingFiles'];
    return { run, files, missing, stored: (name: string) => readFileSync(join(output, 'set', name)) };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('files that no source has are named, the rest is complete, and the exit status says so', async () => {
  const { run, files, missing, stored } = await withoutOneFile('gone', 404, []);
  assert.equal(run.status, 6, run.stderr);
  assert.deepEqual(run.events.find(({ type }) => type === 'file-unavailable')?.['path'], 'set/b-gone.txt');
  assert.deepEqual(missing, [
    { path: 'set/b-gone.txt', reason: 'HTTP status 404' },
    { path: 'set/c.bin', reason: 'it shares a piece with set/b-gone.txt' },
  ]);
  assert.match(run.stderr, /2 files are incomplete.*: set\/b-gone\.txt and 1 more/);
  assert.ok(stored('a.bin').equals(files[0]?.bytes ?? Buffer.alloc(0)));
  // All except the shared piece.
  const shared = 65_536 - 100;
  assert.ok(
    stored('c.bin')
      .subarray(shared)
      .equals(files[2]?.bytes.subarray(shared) ?? Buffer.alloc(0)),
  );
});

test('files that do not arrive in time are also named', async () => {
  const { run, missing } = await withoutOneFile('busy-file', 500, ['--idle-timeout', '2s']);
  assert.equal(run.status, 4, run.stderr);
  const reason = 'not all of its data arrived in time';
  assert.deepEqual(missing, [
    { path: 'set/b-gone.txt', reason },
    { path: 'set/c.bin', reason },
  ]);
});
