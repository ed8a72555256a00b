/** Names with several addresses: connections that are kept serve a name in whatever order its name server tells the addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinHost } from '../../src/shared/pinned-hosts.ts';

const pinned = (...addresses: string[]) =>
  pinHost(new URL('http://x.example/'), new AbortController().signal, null, async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );

test('the key does not depend on the order of the addresses, and the order stays for connections', async () => {
  const one = await pinned('8.8.8.8', '2001:4860::8', '8.8.4.4', '2001:4860::4');
  const other = await pinned('2001:4860::4', '8.8.4.4', '8.8.8.8', '2001:4860::8');
  assert.equal(one.key, other.key);
  assert.deepEqual(
    other.addresses.map(({ address }) => address),
    ['8.8.4.4', '8.8.8.8', '2001:4860::4', '2001:4860::8'],
  );
  const fewer = await pinned('8.8.4.4');
  assert.notEqual(fewer.key, one.key, 'a connection to another address is not one to these');
});
