// The name server of a network of pods: each name has the IPv4 addresses that FILE has at that moment, one a line. It prints `ready`, and
// ends with its stdin. pods-resolver.mjs FILE HOST
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const [file, host] = process.argv.slice(2);
const A = 1;
const server = createSocket('udp4');
server.on('message', (query, { address, port }) => {
  // A header of 12 bytes, the labels of the name, the type and the class (RFC 1035).
  let end = 12;
  while (query[end] > 0) end += query[end] + 1;
  end += 5;
  const isA = query.readUInt16BE(end - 4) === A;
  const addresses = isA ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // An answer with authority, to one question.
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  // The name is that at byte 12; it may be kept for a second.
  const answers = addresses.map((ip) =>
    Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 1, 0, 4, ...ip.split('.').map(Number)]),
  );
  server.send(Buffer.concat([header, query.subarray(12, end), ...answers]), port, address);
});
server.bind(53, host, () => process.stdout.write('ready\n'));
process.stdin.resume().on('end', () => server.close());
