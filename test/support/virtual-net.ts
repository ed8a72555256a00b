/**
 * The network of a simulated machine: fake peers at their addresses, and the connections of each shard to them. All connections
 * can be cut or silenced at once, and the interface can go down.
 */
import { TICK_MS } from '../../src/shared/limits.ts';
import type {
  Address,
  Connection,
  ConnectionEvents,
  ListenRequest,
  Transport,
} from '../../src/workers/transport/transport.ts';
import { dialSpeaking, knockEncrypted, type Speech } from './encrypted-peer.ts';
import { FakePeer, type FakePeerScript } from './fake-peer.ts';
import type { Roll } from './personas.ts';
import type { VirtualTime } from './virtual-time.ts';

const READ_BUFFER_BYTES = 65_536;
/** The port that the system chooses. */
export const FREE_PORT = 51_413;

/** `unreachable`: a dial fails at once. `silent`: nothing is answered, and open connections stay dead. */
export type NetState = 'up' | 'unreachable' | 'silent';

/** What a peer speaks, and over what. */
export interface PeerWays {
  /** Null: it takes whatever comes for plain. */
  readonly speaks: Speech | null;
  readonly over: 'tcp' | 'utp' | 'both';
  readonly infoHash: Uint8Array;
}

interface Host {
  readonly peer: FakePeer;
  /** Null: it hears plain bytes, over TCP. */
  readonly ways: PeerWays | null;
}

interface Link {
  readonly host: string;
  readonly transport: VirtualTransport;
  readonly events: ConnectionEvents;
  readonly connection: Connection;
  isSilent: boolean;
}

export class VirtualNet {
  readonly time: VirtualTime;
  readonly links = new Set<Link>();
  state: NetState = 'up';
  /** Gets every dial and every end, for a log. */
  tell: (text: string) => void = () => {};
  /** Shards that listen at one port. */
  readonly listeners = new Set<{ readonly request: ListenRequest; readonly by: VirtualTransport }>();
  readonly #hosts = new Map<string, Host>();
  readonly #roll: Roll;

  constructor(time: VirtualTime, roll: Roll) {
    this.time = time;
    this.#roll = roll;
  }

  readonly ownAddresses = (): readonly string[] =>
    this.state === 'up' ? ['127.0.0.1', '10.0.0.2'] : ['127.0.0.1'];

  add(host: string, port: number, script: FakePeerScript, ways: PeerWays | null = null): FakePeer {
    const peer = new FakePeer(this.time, script);
    this.#hosts.set(`${host}:${port}`, { peer, ways });
    return peer;
  }

  at({ host, port }: Address): Host | null {
    return this.#hosts.get(`${host}:${port}`) ?? null;
  }

  /** The network goes down: open connections end or stay silent for good. */
  leave(state: Exclude<NetState, 'up'>): void {
    this.state = state;
    if (state === 'silent') for (const link of this.links) link.isSilent = true;
    else this.cut(100);
  }

  back(): void {
    this.state = 'up';
  }

  /** Each connection breaks with a chance of `percent` in a hundred. */
  cut(percent: number): void {
    for (const link of [...this.links]) {
      if (this.#roll(100) >= percent) continue;
      this.links.delete(link);
      link.connection.destroy();
      link.events.onEnd('reset', 'ECONNRESET');
    }
  }

  /** A peer that nobody dials connects to us, where somebody listens. */
  knock(from: Address): boolean {
    const host = this.at(from);
    const all = [...this.listeners];
    const listener = all[all.length > 1 ? this.#roll(all.length) : 0];
    if (this.state !== 'up' || listener === undefined || host === null) return false;
    const { request, by } = listener;
    request.onAccept(from, (events) => by.join(from.host, host, events, true));
    return true;
  }
}

/** The transport of one shard. */
export class VirtualTransport implements Transport {
  readonly readBuffer: Buffer;
  readonly kind: 'tcp' | 'utp';
  readonly #net: VirtualNet;
  readonly #tcp: VirtualTransport | null;
  #isDead = false;

  /** `beside`: the TCP of the shard, for uTP. */
  constructor(net: VirtualNet, beside: VirtualTransport | null = null) {
    this.#net = net;
    this.#tcp = beside;
    this.kind = beside === null ? 'tcp' : 'utp';
    this.readBuffer = beside?.readBuffer ?? Buffer.alloc(READ_BUFFER_BYTES);
  }

  connect(address: Address, events: ConnectionEvents): Connection {
    const host = this.#net.at(address);
    const isUtp = this.kind === 'utp';
    const over = host?.ways?.over ?? 'tcp';
    this.#net.tell(`dial ${address.host}${isUtp ? ' over uTP' : ''}`);
    // What is lost over UDP is not reported.
    if (isUtp && (this.#net.state !== 'up' || over === 'tcp')) return NO_ANSWER;
    if (this.#net.state === 'unreachable') return this.#fails(events, 'unreachable', 'ENETUNREACH');
    if (this.#net.state === 'silent') return NO_ANSWER;
    if (host === null || (!isUtp && over === 'utp')) return this.#fails(events, 'refused', 'ECONNREFUSED');
    return this.join(address.host, host, events, false);
  }

  join(host: string, { peer, ways }: Host, events: ConnectionEvents, knocks: boolean): Connection {
    const { links } = this.#net;
    const passes = (): boolean => links.has(link) && !link.isSilent;
    const inner = dialled(
      peer,
      ways,
      knocks,
      {
        onConnect: () => {
          if (passes()) events.onConnect();
        },
        onData: () => {},
        onEnd: (code, detail) => {
          if (!passes()) return;
          this.#net.tell(`${host} ends: ${code}`);
          links.delete(link);
          inner.destroy();
          events.onEnd(code, detail);
        },
        onShortage: (code) => {
          if (!passes()) return;
          links.delete(link);
          events.onShortage(code);
        },
      },
      (bytes) => {
        for (let at = 0; at < bytes.length && passes(); at += READ_BUFFER_BYTES) {
          const part = bytes.subarray(at, at + READ_BUFFER_BYTES);
          this.readBuffer.set(part);
          events.onData(part.length);
        }
      },
    );
    const connection: Connection = {
      kind: this.kind,
      get unsentBytes() {
        return inner.unsentBytes;
      },
      write: (bytes) => {
        if (passes()) inner.write(bytes);
      },
      writeParts: (parts, sent) => {
        if (passes()) inner.writeParts(parts, () => passes() && sent());
      },
      destroy: () => {
        this.#net.tell(`${host} is closed by us`);
        links.delete(link);
        inner.destroy();
      },
    };
    const link: Link = { host, transport: this, events, connection, isSilent: false };
    links.add(link);
    return connection;
  }

  listen(request: ListenRequest, told: Parameters<Transport['listen']>[1]): { close(): void } {
    const own = { request, by: this };
    this.#net.time.after(TICK_MS / 100, () => {
      if (this.#isDead) return;
      this.#net.listeners.add(own);
      told({ port: request.port === 0 ? FREE_PORT : request.port, error: null });
    });
    return {
      close: () => void this.#net.listeners.delete(own),
    };
  }

  close(): void {
    this.#isDead = true;
    for (const one of this.#net.listeners) if (one.by === this) this.#net.listeners.delete(one);
  }

  /** Its thread dies: the system closes its connections. */
  die(): void {
    this.close();
    for (const { transport, connection } of [...this.#net.links])
      if (transport === this || transport.#tcp === this) connection.destroy();
  }

  #fails(events: ConnectionEvents, code: 'unreachable' | 'refused', detail: string): Connection {
    let isOver = false;
    this.#net.time.after(1, () => {
      if (!isOver && !this.#isDead) events.onEnd(code, detail);
    });
    return {
      ...NO_ANSWER,
      destroy: () => {
        isOver = true;
      },
    };
  }
}

const NO_HASH = new Uint8Array(20);

function dialled(
  peer: FakePeer,
  ways: PeerWays | null,
  knocks: boolean,
  events: ConnectionEvents,
  deliver: (bytes: Uint8Array) => void,
): Connection {
  const { speaks, infoHash } = ways ?? { speaks: null, infoHash: NO_HASH };
  if (speaks === null || (knocks && speaks !== 'encrypted')) return peer.dial(events, deliver);
  return knocks
    ? knockEncrypted(peer, infoHash, events, deliver)
    : dialSpeaking(peer, speaks, infoHash, events, deliver);
}

const NO_ANSWER: Connection = {
  kind: 'tcp',
  unsentBytes: 0,
  write: () => {},
  writeParts: () => {},
  destroy: () => {},
};
