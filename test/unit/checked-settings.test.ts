import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { checkedSettings } from '../../src/main/session/checked-settings.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT } from '../../src/main/session/settings.ts';

const DEFAULTS = { ...DEFAULT_SESSION, ...DEFAULT_TORRENT };

/** Settings from a program that no compiler has checked. */
function checked(given: Record<string, unknown>) {
  return checkedSettings(given);
}

test('a setting that is missing or undefined has its default', () => {
  assert.deepEqual(checked({}), DEFAULTS);
  assert.deepEqual(checked({ shards: undefined, output: undefined }), DEFAULTS);
  assert.deepEqual(checked({ shards: 3, port: null, output: 'x' }), {
    ...DEFAULTS,
    shards: 3,
    port: null,
    output: 'x',
  });
});

test('every default is a value that may be given', () => {
  assert.deepEqual(checked(DEFAULTS), DEFAULTS);
});

const WRONG: readonly (readonly [name: string, value: unknown])[] = [
  ['shards', 0],
  ['shards', 1.5],
  ['shards', '2'],
  ['hashers', 257],
  ['memory', -1],
  ['memory', Number.NaN],
  ['maxPeers', -1],
  ['dialRate', Number.POSITIVE_INFINITY],
  ['encryption', 'perhaps'],
  ['utp', 'no'],
  ['dhtBootstrap', [{ host: 'a', port: 0 }]],
  ['peers', [{ host: '', port: 1 }]],
  ['peers', ['127.0.0.1:1']],
  ['peers', null],
  ['proxy', 'ftp://127.0.0.1:1'],
  ['interface', '192.0.2.1'],
  ['blocklist', 1],
  ['port', 65_536],
  ['nat', 'yes'],
  ['journalKey', ''],
  ['output', 3],
  ['select', 'a'],
  ['preallocate', true],
  ['strategy', 'fastest'],
  ['keep', -1],
  ['idleTimeout', -1],
  ['firstUnchokeTimeout', Number.POSITIVE_INFINITY],
  ['saveTorrent', 1],
];

test('nat works without proxy and interface, and with a port; null and false always', () => {
  const nat = (more: object, value: boolean | null = true) => checked({ nat: value, ...more });
  assert.equal(nat({}).nat, true);
  for (const [more, words] of [
    [{ proxy: 'socks5://127.0.0.1:1' }, /^nat: this does not work with a proxy/],
    [{ interface: '127.0.0.1' }, /^nat: this does not work with an address of yours/],
    [{ port: null }, /^nat: this does not work without a port/],
  ] as const) {
    assert.throws(
      () => nat(more),
      (error) => error instanceof Failure && words.test(error.message),
    );
    assert.equal(nat(more, null).nat, null);
    assert.equal(nat(more, false).nat, false);
  }
});

for (const [name, value] of WRONG)
  test(`${name}: ${JSON.stringify(value)} is refused, with its name`, () => {
    assert.throws(
      () => checked({ [name]: value }),
      (error) => error instanceof Failure && error.code === 'usage' && error.message.startsWith(`${name}: `),
    );
  });

test('an unknown setting is refused; a wrong proxy is not shown, because it may contain a password', () => {
  assert.throws(() => checked({ shard: 1 }), /^Failure: shard: there is no such setting$/);
  assert.throws(() => checked({ constructor: 1 }), /constructor/);
  assert.throws(
    () => checked({ proxy: 'ftp://me:secret@x:1' }),
    (error) => error instanceof Failure && !error.message.includes('secret'),
  );
});

test('a blocklist is read from its file; one that cannot be read is named', () => {
  assert.throws(
    () => checked({ blocklist: '/proc/none' }),
    /^Failure: blocklist \/proc\/none: there is no such file$/,
  );
  assert.notEqual(checked({ blocklist: '/dev/null' }).blocklist, null);
});
