/** A peer on a real socket that misbehaves in one way: what it does with a connection, or after our handshake. */
import { createServer, type Server, type Socket } from 'node:net';
import { handshakeOf } from './wire-bytes.ts';

export interface WirePeer {
  /** `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

export interface WireHabits {
  /** Our handshake is answered with one for this torrent, and then with these bytes. */
  readonly infoHash?: Uint8Array;
  readonly features?: readonly ('ext' | 'fast')[];
  readonly says?: Uint8Array;
  /** Hears each message after the handshake. */
  readonly hears?: (id: number, payload: Buffer, socket: Socket) => void;
  /** It closes the connection after that. */
  readonly leaves?: boolean;
  /** It closes each connection at once; or sends these bytes and closes; or does nothing at all. */
  readonly greets?: 'hangs up' | 'says nothing' | Uint8Array;
}

/** `host`: any address of 127.0.0.0/8. */
export async function wirePeer(habits: WireHabits, host = '127.0.0.1'): Promise<WirePeer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const { greets } = habits;
    if (greets === 'hangs up') return void socket.destroy();
    if (greets === 'says nothing') return void socket.resume();
    if (greets !== undefined) return void socket.end(greets);
    converse(socket, habits);
  });
  const port = await portOf(server, host);
  return {
    address: `${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function converse(socket: Socket, habits: WireHabits): void {
  let received = Buffer.alloc(0);
  let shaken = false;
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    // It does not speak encrypted.
    if (!shaken && received[0] !== 19) return void socket.destroy();
    if (!shaken && received.length >= 68) {
      shaken = true;
      const { infoHash = received.subarray(28, 48), features = [], says = Buffer.alloc(0) } = habits;
      const answer = Buffer.concat([handshakeOf(infoHash, '-XX0001-', features), says]);
      if (habits.leaves === true) return void socket.end(answer);
      socket.write(answer);
      received = received.subarray(68);
    }
    while (shaken && received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
      const length = received.readUInt32BE(0);
      const message = received.subarray(4, 4 + length);
      received = received.subarray(4 + length);
      if (length > 0) habits.hears?.(message[0] as number, message.subarray(1), socket);
    }
  });
}

export async function portOf(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
