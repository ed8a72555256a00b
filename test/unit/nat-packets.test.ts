/** The packets of PCP and NAT-PMP, byte by byte as the RFCs have them, and what must not count as an answer. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gatewayOfLinux, gatewayOfTable } from '../../src/main/network/nat/default-gateway.ts';
import {
  addressRequest,
  pmpMapRequest,
  readAddressAnswer,
  readPmpMapAnswer,
} from '../../src/main/network/nat/nat-pmp-packets.ts';
import {
  announceRequest,
  type MapRequest,
  mapRequest,
  readAnnounceAnswer,
  readMapAnswer,
} from '../../src/main/network/nat/pcp-packets.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const hex = (packet: Uint8Array): string => Buffer.from(packet).toString('hex');

const NONCE = '0102030405060708090a0b0c';
const request: MapRequest = {
  nonce: bytes(NONCE),
  transport: 'tcp',
  port: 6_881,
  externalPort: 6_881,
  lifetimeS: 3_600,
};
const answer = (more: { result?: string; nonce?: string; protocol?: string; port?: string } = {}): Buffer => {
  const { result = '00', nonce = NONCE, protocol = '06', port = '1ae1' } = more;
  return bytes(`02 81 00 ${result} 00000e10 00000001 ${'00'.repeat(12)}
    ${nonce} ${protocol} 000000 ${port} c350 ${'00'.repeat(10)} ffff 5db8d822`);
};

test('PCP: the requests are those of RFC 6887', () => {
  const mapped = `${'00'.repeat(10)} ffff c0a84d02`;
  assert.equal(hex(announceRequest('192.168.77.2')), hex(bytes(`02 00 0000 00000000 ${mapped}`)));
  assert.equal(
    hex(mapRequest(request, '192.168.77.2')),
    hex(bytes(`02 01 0000 00000e10 ${mapped} ${NONCE} 06 000000 1ae1 1ae1 ${'00'.repeat(10)} ffff 00000000`)),
  );
});

test('PCP: only the answer to this request counts', () => {
  const content = { externalPort: 50_000, externalAddress: '93.184.216.34', lifetimeS: 3_600 };
  assert.deepEqual(readMapAnswer(answer(), request), { kind: 'granted', content });
  const refused = { kind: 'refused', code: 2, reason: 'it does not allow this' };
  assert.deepEqual(readMapAnswer(answer({ result: '02' }), request), refused);
  assert.deepEqual(readMapAnswer(answer({ result: 'ff' }), request), {
    kind: 'refused',
    code: 255,
    reason: 'it answers with error 255',
  });
  for (const wrong of [
    answer({ nonce: '00'.repeat(12) }),
    answer({ nonce: '00'.repeat(12), result: '02' }),
    answer({ protocol: '11' }),
    answer({ port: '1ae2' }),
    answer().subarray(0, 59),
    bytes(''),
    bytes('02'),
    // Our own request, sent back.
    Buffer.from(mapRequest(request, '192.168.77.2')),
  ])
    assert.equal(readMapAnswer(wrong, request), null, wrong.toString('hex'));
});

test('PCP: a server of NAT-PMP answers with its own version', () => {
  assert.deepEqual(readAnnounceAnswer(bytes('00 80 0001 00000001')), { kind: 'other-version' });
  assert.deepEqual(readAnnounceAnswer(bytes(`02 80 0000 ${'00'.repeat(20)}`)), {
    kind: 'granted',
    content: null,
  });
  assert.equal(readAnnounceAnswer(bytes(`02 81 0000 ${'00'.repeat(20)}`)), null);
});

test('NAT-PMP: requests and answers are those of RFC 6886', () => {
  assert.equal(hex(addressRequest()), '0000');
  assert.equal(hex(pmpMapRequest(request)), hex(bytes('00 02 0000 1ae1 1ae1 00000e10')));
  assert.equal(
    hex(pmpMapRequest({ ...request, transport: 'udp', externalPort: 0, lifetimeS: 0 })),
    hex(bytes('00 01 0000 1ae1 0000 00000000')),
  );
  const address = '00 80 0000 00000001';
  assert.deepEqual(readAddressAnswer(bytes(`${address} 5db8d822`)), {
    kind: 'granted',
    content: '93.184.216.34',
  });
  assert.deepEqual(readAddressAnswer(bytes(`${address} 00000000`)), { kind: 'granted', content: null });
  assert.deepEqual(readAddressAnswer(bytes('00 80 0003 00000001')), {
    kind: 'refused',
    code: 3,
    reason: 'it has no connection itself',
  });
  const granted = bytes('00 82 0000 00000001 1ae1 c350 00000e10');
  assert.deepEqual(readPmpMapAnswer(granted, request), {
    kind: 'granted',
    content: { externalPort: 50_000, lifetimeS: 3_600 },
  });
  for (const wrong of [
    granted.subarray(0, 15),
    bytes('00 81 0000 00000001 1ae1 c350 00000e10'),
    bytes('00 82 0000 00000001 1ae2 c350 00000e10'),
    bytes('02 82 0000 00000001 1ae1 c350 00000e10'),
    bytes('00'),
    bytes(''),
  ])
    assert.equal(readPmpMapAnswer(wrong, request), null, wrong.toString('hex'));
});

test('random bytes are no answer and throw nothing', () => {
  for (let i = 0; i < 5_000; i++) {
    const noise = randomBytes(i % 80);
    // As near to an answer as noise can be.
    if (i % 2 === 0) noise.set([i % 4 === 0 ? 2 : 0, 0x80 | (i % 3)].slice(0, noise.length));
    readAnnounceAnswer(noise);
    assert.notEqual(readMapAnswer(noise, request)?.kind, 'granted');
    readAddressAnswer(noise);
    readPmpMapAnswer(noise, request);
  }
});

test('the default route of Linux with the lowest metric counts', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const route = (target: string, gateway: string, flags: string, metric: number, mask = '00000000') =>
    `eth0\t${target}\t${gateway}\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0\n`;
  const lan = route('004DA8C0', '00000000', '0001', 0, '00FFFFFF');
  const wifi = route('00000000', '0101A8C0', '0003', 600);
  const cable = route('00000000', '014DA8C0', '0003', 100);
  assert.equal(gatewayOfLinux(`${head}${wifi}${lan}${cable}`), '192.168.77.1');
  assert.equal(gatewayOfLinux(`${head}${lan}`), null);
  // A tunnel has no gateway, and a route that is down leads nowhere.
  assert.equal(gatewayOfLinux(`${head}${route('00000000', '00000000', '0001', 0)}`), null);
  assert.equal(gatewayOfLinux(`${head}${route('00000000', '014DA8C0', '0002', 0)}`), null);
  for (const odd of ['', head, 'x', `${head}eth0\t00000000`, `${head}${route('00000000', 'zz', '0003', 0)}`])
    assert.equal(gatewayOfLinux(odd), null, odd);
});

test('the default route of macOS and of Windows', () => {
  const mac = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            link#18            UCSIg               utun3
default            192.168.1.1        UGScg                 en0
127                127.0.0.1          UCS                   lo0

Internet6:
default            fe80::%utun0       UGcIg               utun0
`;
  const windows = `IPv4 Route Table
===========================================================================
Active Routes:
Network Destination        Netmask          Gateway       Interface  Metric
          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.20     25
        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331
`;
  assert.equal(gatewayOfTable(mac), '192.168.1.1');
  assert.equal(gatewayOfTable(windows.replaceAll('\n', '\r\n')), '192.168.1.1');
  assert.equal(gatewayOfTable('0.0.0.0 0.0.0.0 On-link 10.0.0.1 1'), null);
  assert.equal(gatewayOfTable('default 127.0.0.1 UGS lo0'), null);
  assert.equal(gatewayOfTable(''), null);
});
