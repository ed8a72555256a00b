/**
 * What Node itself needs to give data: bare-seed.mjs INFO-HASH PORT. One thread beside main holds plain sockets, unchokes everybody
 * at once and answers each request with 16 KiB of one buffer: no file, no queue, no cache. For leeches that forget the data.
 */
import { createServer } from 'node:net';
import { isMainThread, Worker } from 'node:worker_threads';

const HANDSHAKE_BYTES = 68;
const REQUEST = 6;
const BLOCK_BYTES = 2 ** 14;
/** A block with its head (BEP 3). */
const STRIDE = 13 + BLOCK_BYTES;
const BLOCKS = 16;
const NOTHING = Buffer.alloc(0);

/** The whole messages in `bytes`. */
function read(bytes) {
  let requests = 0;
  let used = 0;
  while (bytes.length - used > 4 && bytes.length - used >= 4 + bytes.readUInt32BE(used)) {
    if (bytes[used + 4] === REQUEST) requests += 1;
    used += 4 + bytes.readUInt32BE(used);
  }
  return { requests, used };
}

function serve(infoHash, port) {
  const greeting = Buffer.concat([
    Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1'),
    Buffer.from(infoHash, 'hex'),
    Buffer.from('-XX0001-000000000000'),
    Buffer.from([0, 0, 0, 1, 1]),
  ]);
  const blocks = Buffer.alloc(BLOCKS * STRIDE);
  for (let at = 0; at < blocks.length; at += STRIDE) {
    blocks.writeUInt32BE(9 + BLOCK_BYTES, at);
    blocks[at + 4] = 7;
  }
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = NOTHING;
    let isGreeted = false;
    const give = (requests) => {
      for (let left = requests; left > 0; left -= BLOCKS)
        socket.write(blocks.subarray(0, Math.min(left, BLOCKS) * STRIDE));
    };
    socket.on('error', () => {});
    socket.on('end', () => socket.destroy());
    socket.on('data', (data) => {
      let bytes = rest.length === 0 ? data : Buffer.concat([rest, data]);
      if (!isGreeted && bytes.length >= HANDSHAKE_BYTES) {
        isGreeted = true;
        bytes = bytes.subarray(HANDSHAKE_BYTES);
        socket.write(greeting);
      }
      rest = bytes;
      if (!isGreeted) return;
      const { requests, used } = read(bytes);
      // A copy: a part of what was read would keep all of it.
      rest = used === bytes.length ? NOTHING : Buffer.from(bytes.subarray(used));
      give(requests);
    });
  });
  server.listen({ port, backlog: 512 });
}

const [infoHash = '', port = ''] = process.argv.slice(2);
if (isMainThread) new Worker(new URL(import.meta.url), { argv: [infoHash, port] });
else serve(infoHash, Number(port));
