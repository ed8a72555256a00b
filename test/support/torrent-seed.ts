/**
 * A seed on a real socket for a torrent of made-up files: it writes its own bytes, serves what a test says, and may lie.
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { bytesOfName } from '../../src/shared/byte-name.ts';
import { dict, int, list, str } from './torrents.ts';
import { handshakeOf, wire } from './wire-bytes.ts';

export interface MadeFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly padding?: boolean;
}

export interface MadeTorrent {
  readonly torrent: Buffer;
  readonly infoHash: Buffer;
  readonly data: Buffer;
  readonly pieceLength: number;
}

/** A multi-file torrent. In names, the escapes of `byte-name.ts` stand for bytes. */
export function madeTorrent(files: readonly MadeFile[], pieceLength: number, name = 'set'): MadeTorrent {
  const data = Buffer.concat(files.map(({ bytes }) => bytes));
  const hashes: Buffer[] = [];
  for (let at = 0; at < data.length; at += pieceLength)
    hashes.push(
      createHash('sha1')
        .update(data.subarray(at, at + pieceLength))
        .digest(),
    );
  const entries = files.map(({ path, bytes, padding }) =>
    dict({
      ...(padding === true ? { attr: str('p') } : {}),
      length: int(bytes.length),
      path: list(...path.split('/').map((part) => str(bytesOfName(part)))),
    }),
  );
  const info = dict({
    files: list(...entries),
    name: str(bytesOfName(name)),
    'piece length': int(pieceLength),
    pieces: str(Buffer.concat(hashes)),
  });
  return {
    torrent: Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]),
    infoHash: createHash('sha1').update(info).digest(),
    data,
    pieceLength,
  };
}

export interface TorrentSeed {
  readonly address: string;
  /** Blocks sent with a flipped byte. */
  readonly lies: number;
  readonly served: number;
  close(): Promise<void>;
}

/** How a seed differs from an honest one that answers at once. */
export interface SeedHabits {
  /** One block in this many has a flipped byte; 0 is honest. */
  readonly lieEvery?: number;
  /** Delay before each block. */
  readonly delayMs?: number;
  /** Answers this many requests and no more, then calls `onMute`. */
  readonly muteAfter?: number;
  readonly onMute?: () => void;
  /** A piece that it does not have. */
  readonly lacks?: number;
  /** It sends no block before this resolves. */
  readonly heldUntil?: Promise<void>;
}

/** `host`: any address of 127.0.0.0/8. */
export async function torrentSeed(
  made: MadeTorrent,
  host: string,
  habits: SeedHabits = {},
): Promise<TorrentSeed> {
  const { lieEvery = 0, delayMs = 0, muteAfter = Number.POSITIVE_INFINITY } = habits;
  const sockets = new Set<Socket>();
  const state = { lies: 0, served: 0 };
  const pieceCount = Math.ceil(made.data.length / made.pieceLength);
  const bits = Array.from({ length: pieceCount }, (_, piece) => (piece === habits.lacks ? '0' : '1')).join(
    '',
  );
  const answer = (socket: Socket, message: Buffer): void => {
    if (message[0] !== 6 || state.served >= muteAfter) return;
    const [piece, begin, length] = [
      message.readUInt32BE(1),
      message.readUInt32BE(5),
      message.readUInt32BE(9),
    ];
    const block = Buffer.from(
      made.data.subarray(piece * made.pieceLength + begin, piece * made.pieceLength + begin + length),
    );
    if (lieEvery > 0 && ++state.served % lieEvery === 0) {
      block[block.length >> 1] = (block[block.length >> 1] ?? 0) ^ 0xff;
      state.lies += 1;
    } else if (lieEvery === 0) state.served += 1;
    if (state.served === muteAfter) habits.onMute?.();
    const send = (): void => void (socket.destroyed || socket.write(wire.piece(piece, begin, block)));
    if (habits.heldUntil !== undefined) void habits.heldUntil.then(send);
    else if (delayMs > 0) setTimeout(send, delayMs);
    else send();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.write(
      Buffer.concat([handshakeOf(made.infoHash, `-XX0001-${host}`), wire.bitfield(bits), wire.unchoke]),
    );
    let received = Buffer.alloc(0);
    let shaken = false;
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      // A peer that begins with a key exchange tries again without one.
      if (!shaken && received[0] !== 19) return void socket.destroy();
      if (!shaken && received.length >= 68) {
        shaken = true;
        received = received.subarray(68);
      }
      while (shaken && received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const length = received.readUInt32BE(0);
        if (length > 0) answer(socket, received.subarray(4, 4 + length));
        received = received.subarray(4 + length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen({ host, port: 0 }, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    address: `${host}:${address.port}`,
    get lies() {
      return state.lies;
    },
    get served() {
      return state.served;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
