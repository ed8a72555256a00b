/** A DHT node (BEP 5) on loopback that writes its own bytes: it knows one peer of every torrent, or none, and no other node. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import bencode from 'bencode';

export interface DhtNode {
  readonly port: number;
  /** While false, it receives and does not answer. */
  isUp: boolean;
  /** Sends a query; resolves to the answer, or to null if none arrives for a while. */
  ask(port: number, query: Readonly<Record<string, unknown>>): Promise<Buffer | null>;
  /** Sends the same without waiting. */
  tell(port: number, query: Readonly<Record<string, unknown>>): void;
  /** Answers that it received. */
  readonly answers: number;
  /** The port of the node that asked it last. */
  readonly askedFrom: number;
  /** The kinds of queries that it received. */
  readonly heard: string[];
  close(): Promise<void>;
}

interface Query {
  readonly t: Uint8Array;
  readonly y: Uint8Array;
  readonly q: Uint8Array;
}

/** On loopback, an answer that has not arrived by then will not arrive. */
const ANSWER_MS = 250;

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? '').toString('latin1');

/** `peerPort`: null if it knows no peer. */
export async function startDhtNode(host = '127.0.0.1', peerPort: number | null = 6_881): Promise<DhtNode> {
  const isSix = host.includes(':');
  const socket = createSocket(isSix ? 'udp6' : 'udp4');
  const address = isSix ? Buffer.alloc(16, 0).fill(1, 15) : Buffer.of(127, 0, 0, 1);
  const peers =
    peerPort === null ? {} : { values: [Buffer.concat([address, Buffer.of(peerPort >> 8, peerPort & 255)])] };
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  const id = Buffer.alloc(20, (socket.address() as AddressInfo).port & 255);
  const waiting = new Map<string, (answer: Buffer) => void>();
  let asked = 0;
  let answers = 0;
  let askedFrom = 0;
  const node: DhtNode = {
    port: (socket.address() as AddressInfo).port,
    isUp: true,
    heard: [],
    get askedFrom() {
      return askedFrom;
    },
    get answers() {
      return answers;
    },
    tell: (port, { q, ...a }) =>
      socket.send(bencode.encode({ t: Buffer.from('t'), y: 'q', q, a: { id, ...a } }), port, host),
    ask: (port, { q, ...a }) =>
      new Promise((resolve) => {
        const t = Buffer.from(`q${asked++}`);
        const late = setTimeout(() => resolve(null), ANSWER_MS);
        waiting.set(t.toString('latin1'), (answer) => {
          clearTimeout(late);
          resolve(answer);
        });
        socket.send(bencode.encode({ t, y: 'q', q, a: { id, ...a } }), port, host);
      }),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  socket.on('message', (bytes, from) => {
    const query = bencode.decode(bytes) as Query;
    if (text(query.y) !== 'q') answers += 1;
    if (text(query.y) !== 'q') return waiting.get(text(query.t))?.(bytes);
    askedFrom = from.port;
    node.heard.push(text(query.q));
    if (!node.isUp) return;
    const found = text(query.q) === 'get_peers' ? { token: 'token', ...peers } : {};
    const nodes = isSix ? { nodes6: Buffer.alloc(0) } : { nodes: Buffer.alloc(0) };
    const answer = { t: query.t, y: 'r', r: { id, ...nodes, ...found } };
    socket.send(bencode.encode(answer as never), from.port, from.address);
  });
  return node;
}
