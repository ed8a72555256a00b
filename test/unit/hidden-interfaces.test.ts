/** A system that does not list its interfaces, as Android does not: then we do without, and nothing ends the process. */
import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { after, mock, test } from 'node:test';
import { LocalDiscovery } from '../../src/main/discovery/lsd.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { isOwnAddress } from '../../src/main/network/route.ts';
import { checkedSettings } from '../../src/main/session/checked-settings.ts';
import { ownAddresses } from '../../src/shared/own-addresses.ts';

const hidden = mock.method(os, 'networkInterfaces', () => {
  throw new Error('uv_interface_addresses returned Unknown system error 13');
});
syncBuiltinESMExports();
after(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

test('discovery sees no interface', () => {
  assert.deepEqual(REAL_ENVIRONMENT.interfaces(), {});
  assert.equal(ownAddresses(), null);
  const lsd = new LocalDiscovery({
    environment: REAL_ENVIRONMENT,
    later: REAL_ENVIRONMENT.later,
    from: null,
  });
  lsd.join({ infoHash: Buffer.alloc(20), port: 1, onPeers: () => {} }).leave();
  assert.ok(hidden.mock.callCount() >= 3, 'the system was asked each time');
});

test('an address of the user is refused with the reason, and those of loopback are known', () => {
  assert.equal(isOwnAddress('127.0.0.5'), true);
  for (const address of ['192.168.1.5', '2001:db8::5'])
    assert.throws(() => checkedSettings({ interface: address }), {
      code: 'usage',
      message: `interface ${address}: this system does not list the addresses of its interfaces, so none can be chosen`,
    });
});
