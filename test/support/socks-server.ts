/** A SOCKS5 proxy (RFC 1928, 1929) that does one thing: denies us, falls silent, answers each request with an error, or connects. */
import { connect, createServer, type Socket } from 'node:net';
import { portOf } from './wire-peer.ts';

/** The proxy's replies by RFC 1928. */
export const SOCKS_REPLY = { done: 0, networkUnreachable: 3, refused: 5 } as const;

export async function socksServer(reply: number | 'denies' | 'wrong password' | 'silent') {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    sockets.add(near.on('error', () => {}));
    near.once('data', () => {
      if (reply === 'denies') return void near.end(Buffer.from([5, 0xff]));
      if (reply === 'silent') return;
      if (reply === 'wrong password') {
        near.once('data', () => near.end(Buffer.from([1, 1])));
        return void near.write(Buffer.from([5, 2]));
      }
      near.write(Buffer.from([5, 0]));
      near.once('data', (request: Buffer) => {
        const answer = Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
        if (reply !== SOCKS_REPLY.done) return void near.end(answer);
        const far = connect(request.readUInt16BE(8), request.subarray(4, 8).join('.'), () => {
          near.write(answer);
          near.pipe(far).pipe(near);
        });
        sockets.add(far.on('error', () => near.destroy()));
      });
    });
  });
  const port = await portOf(server);
  return {
    url: `socks5://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
