/** Where peers can connect to us: which addresses count, and what people are told of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Console } from '../../src/main/cli/output/console.ts';
import { givenText } from '../../src/main/cli/output/given-text.ts';
import { ReachNews, reachText } from '../../src/main/cli/output/reach-news.ts';
import { listening } from '../../src/main/session/listening.ts';
import type { Session } from '../../src/main/session/session.ts';
import { DEFAULT_SESSION, type SessionSettings } from '../../src/main/session/settings.ts';
import { shownOn } from '../support/shown-lines.ts';

const HERE = { port: 6_881, addresses: ['192.168.1.5'] };

const at = (addresses: readonly string[]) => reachText({ type: 'listening', port: 6_881, addresses });

function heard(own: readonly string[] | null, more: Partial<SessionSettings> = {}, accepts = true) {
  const settings = { ...DEFAULT_SESSION, ...more };
  const world = { ownAddresses: () => own } as Session['world'];
  return listening(
    { settings, world, listen: async () => (more.proxy ? null : more.port === null ? null : 6_881) },
    accepts,
  );
}

test('addresses that reach far come first; loopback counts only alone, link-local never', async () => {
  const own = ['127.0.0.1', '10.0.0.2', 'fe80::1', '::1', '198.41.0.4'];
  assert.deepEqual(await heard(own), {
    ...{ type: 'listening', port: 6_881 },
    addresses: ['198.41.0.4', '10.0.0.2'],
  });
  assert.deepEqual(await heard(['127.0.0.1', '::1']), {
    ...{ type: 'listening', port: 6_881 },
    addresses: ['127.0.0.1', '::1'],
  });
  assert.deepEqual(await heard(null), { type: 'listening', port: 6_881, addresses: [] });
  assert.deepEqual(await heard(own, { interface: '10.0.0.2' }), {
    ...{ type: 'listening', port: 6_881 },
    addresses: ['10.0.0.2'],
  });
});

test('where nobody can connect, the cause is named', async () => {
  const causes = [
    await heard([], { port: null }),
    await heard([], { proxy: 'socks5://127.0.0.1:1' }),
    await heard([], {}, false),
  ].map((event) => (event.type === 'not-listening' ? event.cause : event.type));
  assert.deepEqual(causes, ['off', 'proxy', 'off']);
  const listen = () => Promise.reject(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
  const { world } = { world: {} as Session['world'] };
  const failed = await listening({ settings: { ...DEFAULT_SESSION, port: 6_881 }, world, listen }, true);
  assert.equal(failed.type, 'not-listening');
  assert.match(reachText(failed), /^no peer can connect to us: port 6881: /);
});

test('the words say how far the addresses reach, and name a few of many', () => {
  assert.equal(at(['198.41.0.4']), 'peers can connect to us at 198.41.0.4:6881');
  assert.equal(
    at(['10.0.0.2', 'fd00::2']),
    'peers in this network can connect to us at 10.0.0.2:6881 and [fd00::2]:6881; others only if the router forwards port 6881',
  );
  assert.equal(
    reachText({ type: 'listening', ...HERE }, true),
    'peers in this network can connect to us at 192.168.1.5:6881',
  );
  assert.equal(
    at(['127.0.0.1', '::1']),
    'only this machine can connect to us, at 127.0.0.1:6881 and [::1]:6881',
  );
  assert.equal(at([]), 'peers can connect to us at port 6881');
  const many = Array.from({ length: 7 }, (_, i) => `10.0.0.${i}`);
  assert.match(at(many), /10\.0\.0\.3:6881 and 3 more; /);
});

test('it is news once, when a torrent is given, and a detail before; a port that cannot be opened is news at once', (t) => {
  const shown = shownOn(t);
  const reach = new ReachNews(new Console({ json: false, quiet: false }), true);
  reach.heard({ type: 'listening', ...HERE });
  reach.heard({ type: 'port-not-mapped', port: 6_881, cause: 'failed', reason: 'no router' });
  assert.deepEqual(shown, []);
  reach.matters();
  reach.matters();
  const [port, router] = [
    'peers in this network can connect to us at 192.168.1.5:6881',
    'port 6881 is not open in the router: no router',
  ];
  assert.deepEqual(shown, [port, router]);
  // Of another torrent of the command, and another reason.
  reach.heard({ type: 'listening', ...HERE });
  reach.heard({ type: 'port-not-mapped', port: 6_881, cause: 'failed', reason: 'it is silent' });
  assert.equal(shown.length, 2);
  const other = new ReachNews(new Console({ json: false, quiet: false }), true);
  other.heard({ type: 'not-listening', cause: 'off', reason: 'incoming connections are off' });
  assert.equal(shown.length, 2, 'a download does without them');
  other.heard({ type: 'not-listening', cause: 'failed', reason: 'port 6881: in use' });
  assert.equal(shown.at(-1), 'no peer can connect to us: port 6881: in use');
});

test('that no router has to help is a detail, until a port that was open is not', (t) => {
  const shown = shownOn(t);
  const without = { type: 'port-not-mapped', port: 6_881, cause: 'no-router', reason: 'no router' } as const;
  const open = { externalPort: 6_881, address: null, protocol: 'upnp', transports: ['tcp'] } as const;
  const reach = new ReachNews(new Console({ json: false, quiet: false }), true);
  reach.heard(without);
  reach.matters();
  reach.heard({ ...without, cause: 'public-address', reason: 'an address of its own' });
  assert.deepEqual(shown, []);
  // The next network has one, which does not help at first.
  reach.heard({ ...without, cause: 'failed', reason: 'it is silent' });
  reach.heard({ type: 'port-mapped', port: 6_881, ...open });
  reach.heard({ ...without, reason: 'the network is away' });
  assert.equal(shown.length, 3, shown.join());
  assert.equal(shown[0], 'port 6881 is not open in the router: it is silent');
  assert.equal(shown[2], 'the network is away');
  const all = new ReachNews(new Console({ json: false, quiet: false, verbose: 1 }), true);
  all.heard(without);
  assert.equal(shown.at(-1), 'no router');
});

test('with --verbose it is said at once, and not again', (t) => {
  const shown = shownOn(t);
  const reach = new ReachNews(new Console({ json: false, quiet: false, verbose: 1 }), false);
  reach.heard({ type: 'listening', ...HERE });
  reach.matters();
  assert.equal(shown.length, 1);
});

test('who gets data: without peers there is no count', () => {
  const none = { served: 0, wanting: 0, choked: 0, unchoked: 0, uploaded: 0 };
  assert.equal(givenText(none), 'no peers yet');
  assert.equal(givenText({ ...none, uploaded: 1 }), 'no peers now');
  assert.equal(givenText({ ...none, choked: 1 }), '1 peer is connected and wants nothing');
  assert.equal(givenText({ ...none, choked: 2, unchoked: 1 }), '3 peers are connected and want nothing');
  assert.equal(givenText({ ...none, choked: 5, wanting: 5, served: 2 }), '2 of 5 peers get data');
});
