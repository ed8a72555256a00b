/** What main makes of the news of web seeds that lose files and are asked for them again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MissingFiles } from '../../src/main/download/missing-files.ts';
import { WebSeeds } from '../../src/main/pools/web-seeds.ts';
import { runDownloadListener } from '../../src/main/session/run-download-listener.ts';
import type { RunWatch } from '../../src/main/session/run-watch.ts';
import { TorrentListeners } from '../../src/main/session/torrent-listener.ts';
import { storagePlan } from '../../src/main/storage/storage-plan.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { dict, int, list, str } from '../support/torrents.ts';

const GONE = 'HTTP status 404';

test('a file is unavailable while no web seed may have it, and not once one is asked for it again', () => {
  const heard: (readonly [number, string | null])[] = [];
  const seeds = new WebSeeds(
    ['http://s0.test/', 'http://s1.test/'],
    {
      onFull: () => {},
      onSeedLost: () => {},
      onSeedWaits: () => {},
      onFileUnavailable: (file, reason) => heard.push([file, reason]),
      onOwnerGone: () => {},
    },
    { convict: () => {}, networkBack: () => {}, remove: async () => {} },
  );
  const lost = (seed: number, reason: string | null) =>
    seeds.hear({ type: 'file-lost', seed, file: 4, reason });
  lost(0, GONE);
  assert.deepEqual(heard, []);
  lost(1, GONE);
  lost(0, null);
  lost(1, null);
  lost(1, GONE);
  assert.deepEqual(heard.splice(0), [
    [4, GONE],
    [4, null],
    [4, null],
  ]);
  lost(0, 'it sent bad data');
  seeds.replaced('a fault');
  assert.deepEqual(heard.splice(0), [
    [4, 'it sent bad data'],
    [4, null],
  ]);
});

test('the reason of an unavailable file is the last one, and the same reason is reported once', () => {
  const info = dict({
    files: list(
      dict({ length: int(16_384), path: list(str('a')) }),
      dict({ length: int(16_384), path: list(str('b')) }),
    ),
    name: str('set'),
    'piece length': int(16_384),
    pieces: Buffer.concat([Buffer.from('40:'), Buffer.alloc(40)]),
  });
  const metainfo = parseMetainfo(dict({ info }), 'test');
  const told: string[] = [];
  const plan = storagePlan(metainfo, '/nowhere');
  const missing = new MissingFiles(plan, metainfo, ({ path, reason }) => told.push(`${path}: ${reason}`));
  const ledger = new Ledger(Ledger.allocate(2));
  const reasons = () => missing.files(ledger, 'other').map(({ reason }) => reason);
  missing.lacking(1, GONE);
  assert.deepEqual(reasons(), [GONE, 'other']);
  missing.lacking(1, null);
  assert.deepEqual(reasons(), ['other', 'other']);
  missing.lacking(1, GONE);
  missing.lacking(1, null);
  missing.lacking(1, 'it sent bad data');
  assert.deepEqual(reasons(), ['it sent bad data', 'other']);
  assert.deepEqual(
    told.map((line) => line.replace(/^.*b: /, '')),
    [GONE, 'it sent bad data'],
  );
});

test('a web seed that is lost again for the same reason is no news, but the run may end', () => {
  const events: string[] = [];
  const listeners = new TorrentListeners((error) => assert.fail(String(error)));
  listeners.add({ onEvent: (event) => void events.push(event.type === 'web-seed-lost' ? event.reason : '') });
  let checks = 0;
  const watch: Partial<RunWatch> = {
    onChecked: () => () => {},
    onReuseLooked: () => {},
    checkExhausted: () => {
      checks += 1;
    },
  };
  const run = { listeners, reuse: [], watch: watch as RunWatch, end: () => {} };
  const heard = runDownloadListener(run, { pieceLength: 1, contentLength: 1 } as never);
  for (const reason of [GONE, GONE, 'it sent bad data']) heard.onWebSeedLost('http://s0.test/', reason);
  assert.deepEqual(events, [GONE, 'it sent bad data']);
  assert.equal(checks, 3);
});
