/** Diagnoses that need a machine with a fault, and a healthy run without any. e2e/doctor produces the others with real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../src/main/doctor/diagnosis.ts';
import type { Symptoms } from '../../src/main/doctor/symptoms.ts';

const healthy: Symptoms = {
  trackers: [{ tracker: 'http://t/announce', answered: true, text: '9 peers' }],
  hasOtherSources: true,
  searching: false,
  known: 9,
  dialled: 9,
  dialing: 2,
  connected: 7,
  handshaken: 7,
  unchoked: 5,
  inSession: 7,
  lost: () => 0,
  encryption: 'prefer',
  metadataSearch: null,
  download: {
    missing: 40,
    unavailable: 0,
    example: null,
    hasWebSeeds: false,
    waitingBytes: 10 * 2 ** 20,
    memoryBytes: 128 * 2 ** 20,
  },
  shortages: 0,
  lagP99Ms: 12,
  lagMaxMs: 200,
};
const codes = (more: Partial<Symptoms>) => diagnose({ ...healthy, ...more }).map(({ code }) => code);

test('a healthy run has nothing to complain about', () => assert.deepEqual(codes({}), []));

test('the disk is the bottleneck', () => {
  const download = {
    ...(healthy.download as NonNullable<Symptoms['download']>),
    waitingBytes: 120 * 2 ** 20,
  };
  const [found] = diagnose({ ...healthy, download });
  assert.equal(found?.code, 'disk-slow');
  assert.match(found?.text ?? '', /120\.0 MiB of 128\.0 MiB are waiting to be written/);
});

test('certificates that are out of date by our clock', () => {
  const failed = { tracker: 'https://t/announce', answered: false, text: 'certificate is not yet valid' };
  assert.deepEqual(codes({ trackers: [failed], known: 0 }), ['clock']);
});

test('if one tracker answered, the failures of others are no cause', () => {
  const failed = { tracker: 'udp://u', answered: false, text: 'no program listens there' };
  assert.deepEqual(codes({ trackers: [...healthy.trackers, failed] }), []);
});

test('why there is no metadata: no peer has it, the peers that have it do not send it, or they left', () => {
  const told = (search: Partial<NonNullable<Symptoms['metadataSearch']>>) => {
    const metadataSearch = { offers: 0, refusing: 0, silent: 0, left: 0, wrong: 0, ...search };
    const found = diagnose({ ...healthy, metadataSearch });
    return found.find(({ code }) => code === 'no-metadata')?.text ?? null;
  };
  assert.match(
    told({}) ?? '',
    /7 peers completed the handshake, but none of them says that it has the metadata/,
  );
  assert.match(
    told({ offers: 3, refusing: 2, silent: 1 }) ?? '',
    /3 peers say .* none sends it: 2 refuse, 1 do/,
  );
  assert.equal(told({ offers: 3, refusing: 2 }), null, 'one is on its way');
  assert.match(told({ wrong: 1 }) ?? '', /1 peers sent wrong metadata .* failed the hash check/);
  assert.equal(told({ offers: 2, wrong: 1 }), null, 'another may have it');
  assert.match(told({ left: 2 }) ?? '', /2 peers said that they have the metadata .* but left/);
});
