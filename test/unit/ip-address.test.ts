/** Our parser reads addresses like Node. */
import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import { ipv4Number, isSix } from '../../src/shared/ip-address.ts';

test('an address has the family that Node reports', () => {
  for (const host of [
    ...['127.0.0.1', '0.0.0.0', '255.255.255.255', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', ' 1.2.3.4'],
    ...['::', '::1', '2001:db8::1', 'fe80::1%eth0', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8:9'],
    ...['', ':', 'tracker.example', 'tracker.example:80', '[::1]', 'g::1', '1.2.3.4:80'],
  ]) {
    assert.equal(ipv4Number(host) !== null, isIPv4(host), host);
    assert.equal(isSix(host), isIPv6(host), host);
  }
});
