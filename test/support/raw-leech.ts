/** A leech on a real socket that does what a test says, well or badly: its bytes are written by hand. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { handshakeOf, wire } from './wire-bytes.ts';

const UNCHOKE = 1;
const PIECE = 7;
const REJECT = 16;
const EXTENDED = 20;
const WAIT_MS = 60_000;

export interface RawLeech {
  readonly socket: Socket;
  /** Messages that it has got, by their id. */
  readonly heard: ReadonlyMap<number, number>;
  /** Bytes of blocks that it has got. */
  readonly blockBytes: number;
  readonly rejects: number;
  /** Extended messages (BEP 10), as Latin-1. */
  readonly extended: readonly string[];
  /** We unchoke it. */
  unchoked(): Promise<void>;
  /** Its connection is closed. */
  closed(): Promise<void>;
  /** Resolves once this holds; it is asked after each read. */
  until(holds: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** It shakes hands and wants data. `from`: its own address. `reads`: false: it reads nothing after it is unchoked. `extended`: its handshake of BEP 10. */
export async function rawLeech(
  port: number,
  infoHash: Uint8Array,
  { from = '127.0.0.1', reads = true, wants = true, extended = null as string | null } = {},
): Promise<RawLeech> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  const heard = new Map<number, number>();
  const watchers = new Set<() => void>();
  const said: string[] = [];
  let blockBytes = 0;
  let isClosed = false;
  let received = Buffer.alloc(0);
  let isShaken = false;
  const look = (): void => {
    for (const watch of [...watchers]) watch();
  };
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
    look();
  });
  const hear = (id: number, payload: Buffer): void => {
    heard.set(id, (heard.get(id) ?? 0) + 1);
    if (id === PIECE) blockBytes += payload.length - 8;
    if (id === EXTENDED) said.push(payload.toString('latin1'));
    if (id === UNCHOKE && !reads) socket.pause();
  };
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    if (!isShaken && received.length >= 68) {
      isShaken = true;
      received = received.subarray(68);
    }
    while (isShaken && received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
      const end = 4 + received.readUInt32BE(0);
      if (end > 4) hear(received[4] as number, received.subarray(5, end));
      received = received.subarray(end);
    }
    look();
  });
  const until = (holds: () => boolean, mayClose = false): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(watch);
        reject(new Error(`it heard only ${JSON.stringify([...heard])}`));
      }, WAIT_MS);
      const watch = (): void => {
        if (!holds() && (!isClosed || mayClose)) return;
        clearTimeout(timer);
        watchers.delete(watch);
        if (holds()) resolve();
        else reject(new Error(`closed; it heard only ${JSON.stringify([...heard])}`));
      };
      watchers.add(watch);
      watch();
    });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  socket.write(handshakeOf(infoHash, '-RA0001-', extended === null ? ['fast'] : ['fast', 'ext']));
  socket.write(
    Buffer.concat([
      wire.haveNone,
      ...(extended === null ? [] : [wire.extended(0, extended)]),
      ...(wants ? [wire.interested] : []),
    ]),
  );
  return {
    socket,
    heard,
    extended: said,
    get blockBytes() {
      return blockBytes;
    },
    get rejects() {
      return heard.get(REJECT) ?? 0;
    },
    unchoked: () => until(() => (heard.get(UNCHOKE) ?? 0) > 0),
    closed: () => until(() => isClosed, true),
    until: (holds) => until(holds),
    stop: async () => {
      if (isClosed) return;
      const gone = once(socket, 'close');
      socket.destroy();
      await gone;
    },
  };
}
