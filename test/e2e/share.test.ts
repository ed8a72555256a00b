/** `share` and `get --seed` from the command line: what is given, what is remembered, and what is said. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { CLI } from '../support/paths.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;

function content(name: string, bytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, randomBytes(bytes));
  return path;
}

/** A share that listens: its events, its port and its link. */
async function sharing(...args: string[]) {
  const run = startCli(['share', ...args, '--json', '--no-nat']);
  const shared = JSON.parse(await run.line((line) => line.includes('"type":"sharing"'))) as Record<
    string,
    unknown
  >;
  const { port } = JSON.parse(await run.line((line) => line.includes('"type":"listening"'))) as {
    port: number;
  };
  const stop = async () => {
    run.child.kill('SIGTERM');
    return run.ended;
  };
  return { run, shared, address: `127.0.0.1:${port}`, magnet: String(shared['magnet']), stop };
}

const fetched = (source: string, address: string, output: string, ...more: string[]) =>
  runCli('get', source, '--peer', address, '-o', output, '--no-trackers', '--json', ...more);

test('a file: another unchoke gets it from the magnet link; SIGTERM ends it with 0 and what was given', async () => {
  const path = content('one.bin', 3 * MIB + 77);
  const share = await sharing(path);
  const output = join(folder, 'from-one');
  const got = await fetched(share.magnet, share.address, output);
  assert.equal(got.status, 0, got.stderr);
  assert.deepEqual(readFileSync(join(output, 'one.bin')), readFileSync(path));
  const { status, events } = await share.stop();
  assert.equal(status, 0);
  const seeded = events.find(({ type }) => type === 'seeded');
  assert.equal(seeded?.['uploaded'], 3 * MIB + 77);
  const second = (await (await sharing(path)).stop()).events.find(({ type }) => type === 'seeded');
  assert.deepEqual([second?.['uploaded'], second?.['uploadedInAll']], [0, 3 * MIB + 77]);
});

test('the second start hashes nothing; a changed file is hashed again, with the torrent that it had', async () => {
  const path = join(folder, 'set');
  mkdirSync(path);
  for (const name of ['a', 'b']) writeFileSync(join(path, name), randomBytes(MIB));
  const torrent = join(folder, 'set.torrent');
  const first = await sharing(path, '--save-torrent', torrent);
  await first.stop();
  const again = await sharing(path);
  await again.stop();
  assert.deepEqual([again.shared['infoHash'], again.shared['hashedPieces']], [first.shared['infoHash'], 0]);
  appendFileSync(join(path, 'b'), 'x');
  const changed = await sharing(torrent);
  await changed.stop();
  const { pieces, goodPieces, hashedPieces } = changed.shared as Record<string, number>;
  assert.ok((hashedPieces ?? 0) > 0 && (hashedPieces ?? 0) < (pieces ?? 0), 'only those of the changed file');
  assert.equal(goodPieces, pieces, 'its bytes are all there');
});

test('a file is shared as a hybrid; other versions are other torrents, and each is found again', async () => {
  const path = content('versions.bin', MIB);
  const torrent = join(folder, 'versions.torrent');
  const share = async (...options: string[]) => {
    const { shared, stop } = await sharing(path, ...options);
    await stop();
    return [shared['infoHash'], shared['infoHashV2'], shared['magnet']].map(String);
  };
  const hybrid = await share();
  const [v1, none] = await share('--v1');
  assert.equal(none, 'null');
  assert.notEqual(v1, hybrid[0]);
  const second = await sharing(path, '--v2', '--save-torrent', torrent);
  const output = join(folder, 'versions');
  const got = await fetched(torrent, second.address, output);
  await second.stop();
  assert.equal(got.status, 0, got.stderr);
  assert.deepEqual(readFileSync(join(output, 'versions.bin')), readFileSync(path));
  assert.equal(String(second.shared['infoHashV2']).slice(0, 40), second.shared['infoHash']);
  assert.deepEqual(await share(), hybrid);
  assert.deepEqual((await share('--tracker', 'http://127.0.0.1:1/a')).slice(0, 2), hybrid.slice(0, 2));
  assert.match(hybrid[2] ?? '', new RegExp(`xt=urn:btih:${hybrid[0]}&xt=urn:btmh:1220${hybrid[1]}&`));
});

test('a file that changes while it is shared is not given any more, and the share says so', async () => {
  const path = content('changing.bin', 2 * MIB);
  const share = await sharing(path);
  const bytes = readFileSync(path);
  bytes[MIB] = (bytes[MIB] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  utimesSync(path, new Date(), new Date(Date.now() + 5_000));
  const got = await fetched(share.magnet, share.address, join(folder, 'no'), '--idle-timeout', '2s');
  assert.equal(got.status, 4);
  const { stderr, status } = await share.stop();
  assert.equal(status, 0);
  assert.match(stderr, /changing\.bin: it was changed while peers got it/);
});

test('trackers hear `completed` of a link that is downloaded, and not of one whose data is all there', async () => {
  const path = content('announced.bin', MIB);
  const share = await sharing(path, '--v1');
  const tracker = await httpServer(() => ({ body: Buffer.from('d8:intervali1800e5:peers0:e') }));
  const output = join(folder, 'from-announced');
  try {
    for (const expected of [
      ['started', 'completed', 'stopped'],
      ['started', 'stopped'],
    ]) {
      const from = tracker.urls.length;
      const args = [share.magnet, '--peer', share.address, '-o', output, '--tracker', tracker.announce];
      const run = await runCli('get', ...args, '--no-dht', '--no-lsd', '--json');
      assert.equal(run.status, 0, run.stderr);
      const queries = tracker.urls.slice(from).map((url) => new URLSearchParams(url.split('?')[1]));
      assert.deepEqual(
        queries.map((query) => query.get('event')),
        expected,
      );
    }
  } finally {
    await share.stop();
    await tracker.close();
  }
});

test('a folder of .torrent files: all of them, and one that cannot be shared is an error of its own', async () => {
  const [data, list] = [join(folder, 'data'), join(folder, 'list')];
  for (const path of [data, list]) mkdirSync(path);
  for (const name of ['x', 'y']) {
    writeFileSync(join(data, name), randomBytes(200_000));
    assert.equal(
      (await runCli('create', join(data, name), '-o', join(list, `${name}.torrent`), '--json')).status,
      0,
    );
  }
  const lost = content('lost', 100_000);
  assert.equal((await runCli('create', lost, '-o', join(list, 'lost.torrent'), '--json')).status, 0);
  const run = startCli(['share', list, '--data', data, '--json', '--no-nat', '--seed-time', '1s']);
  const { status, events } = await run.ended;
  assert.equal(status, 0);
  assert.deepEqual(
    events
      .filter(({ type }) => type === 'sharing')
      .map(({ name }) => name)
      .sort(),
    ['x', 'y'],
  );
  assert.match(String(events.find(({ type }) => type === 'error')?.['message']), /no file of lost is there/);
});

test('data that is not there, a wrong folder, a private torrent without a tracker: what to do, and the status', async () => {
  const path = content('here.bin', 100_000);
  const torrent = join(folder, 'here.torrent');
  await runCli('create', path, '-o', torrent, '--json');
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  const lost = await runCli('share', torrent, '--data', elsewhere, '--no-nat');
  assert.equal(lost.status, 5);
  assert.match(lost.stderr, /no file of here\.bin is there; its files are in .*: give that folder/);
  const closed = await runCli('share', path, '--private', '--no-nat');
  assert.equal(closed.status, 2);
  assert.match(closed.stderr, /--private needs --tracker/);
  const nothing = await runCli('share', join(folder, 'nothing'), '--no-nat');
  assert.equal(nothing.status, 5);
});

test('get --seed ends at its ratio; it says when the download is complete, and what was given', async () => {
  const path = content('ratio.bin', MIB);
  const share = await sharing(path);
  const output = join(folder, 'ratio');
  const seed = startCli([
    ...['get', share.magnet, '--peer', share.address, '-o', output, '--no-trackers', '--json'],
    ...['--seed-ratio', '1', '--port', '0'],
  ]);
  const { port } = JSON.parse(await seed.line((line) => line.includes('"type":"listening"'))) as {
    port: number;
  };
  await seed.line((line) => line.includes('"type":"complete"'));
  await share.stop();
  const got = await fetched(share.magnet, `127.0.0.1:${port}`, join(folder, 'third'));
  assert.equal(got.status, 0, got.stderr);
  const { status, events } = await seed.ended;
  assert.equal(status, 0);
  const seeded = events.find(({ type }) => type === 'seeded') as
    | { uploaded: number; ratio: number }
    | undefined;
  assert.deepEqual([seeded?.uploaded, seeded?.ratio], [MIB, 1]);
  assert.equal(statSync(join(folder, 'third', 'ratio.bin')).size, MIB);
});

test('--systemd prints a unit with the whole command, and makes nothing', () => {
  const cwd = join(folder, 'unit');
  mkdirSync(cwd);
  const args = ['share', 'my files', '--log', 'share.log', '--tracker', 'http://t.example/key/announce'];
  const options = { cwd, encoding: 'utf8' } as const;
  const { status, stdout } = spawnSync(process.execPath, [CLI, ...args, '--json', '--systemd'], options);
  assert.equal(status, 0);
  assert.ok(stdout.includes(`\nWorkingDirectory=-${cwd}\n`), stdout);
  assert.ok(
    stdout.includes(` share "${cwd}/my files" --log share.log --tracker ${args.at(-1)} --json\n`),
    stdout,
  );
  assert.deepEqual(readdirSync(cwd), []);
});

test('a share and a get that seeds say once where peers can connect; a share whose port is taken says why none can', async () => {
  const path = content('where.bin', MIB);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  const { port } = taken.address() as AddressInfo;
  try {
    const share = await sharing(path, '--save-torrent', join(folder, 'where.torrent'));
    const listening = JSON.parse(await share.run.line((line) => line.includes('"listening"'))) as {
      addresses: string[];
    };
    assert.notDeepEqual(listening.addresses, []);
    const told = (await share.stop()).stderr.split('\n').filter((line) => line.includes('can connect to us'));
    assert.equal(told.length, 1, 'without --verbose');
    assert.match(told[0] ?? '', new RegExp(`can connect to us,? at .*:${share.address.split(':')[1]}`));
    const seed = await runCli(
      'get',
      join(folder, 'where.torrent'),
      '-o',
      folder,
      '--seed-time',
      '1s',
      '--json',
    );
    assert.equal(seed.status, 0, seed.stderr);
    assert.match(seed.stderr, /can connect to us,? at /);
    const deaf = await runCli(
      'share',
      path,
      '--no-nat',
      '--port',
      String(port),
      '--seed-time',
      '1s',
      '--json',
    );
    const { cause } = deaf.events.find(({ type }) => type === 'not-listening') ?? {};
    assert.equal(cause, 'failed');
    assert.match(deaf.stderr, new RegExp(`^no peer can connect to us: port ${port}: `, 'm'));
  } finally {
    taken.close();
  }
});
