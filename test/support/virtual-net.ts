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
import { FakePeer, type FakePeerScript } from './fake-peer.ts';
import type { Roll } from './personas.ts';
import type { VirtualTime } from './virtual-time.ts';

const READ_BUFFER_BYTES = 65_536;
/** The port that the system chooses. */
export const FREE_PORT = 51_413;

/** `unreachable`: a dial fails at once. `silent`: nothing is answered, and open connections stay dead. */
export type NetState = 'up' | 'unreachable' | 'silent';

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
  readonly #peers = new Map<string, FakePeer>();
  readonly #roll: Roll;

  constructor(time: VirtualTime, roll: Roll) {
    this.time = time;
    this.#roll = roll;
  }

  readonly ownAddresses = (): readonly string[] =>
    this.state === 'up' ? ['127.0.0.1', '10.0.0.2'] : ['127.0.0.1'];

  add(host: string, port: number, script: FakePeerScript): FakePeer {
    const peer = new FakePeer(this.time, script);
    this.#peers.set(`${host}:${port}`, peer);
    return peer;
  }

  at({ host, port }: Address): FakePeer | null {
    return this.#peers.get(`${host}:${port}`) ?? null;
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

  /** A peer connects to us without being dialled, if a shard listens. */
  knock(peer: FakePeer, from: Address): boolean {
    const all = [...this.listeners];
    const listener = all[all.length > 1 ? this.#roll(all.length) : 0];
    if (this.state !== 'up' || listener === undefined) return false;
    const { request, by } = listener;
    request.onAccept(from, (events) => by.join(from.host, peer, events));
    return true;
  }
}

/** The transport of one shard. */
export class VirtualTransport implements Transport {
  readonly readBuffer = Buffer.alloc(READ_BUFFER_BYTES);
  readonly #net: VirtualNet;
  #isDead = false;

  constructor(net: VirtualNet) {
    this.#net = net;
  }

  connect(address: Address, events: ConnectionEvents): Connection {
    const peer = this.#net.at(address);
    this.#net.tell(`dial ${address.host}`);
    if (this.#net.state === 'unreachable') return this.#fails(events, 'unreachable', 'ENETUNREACH');
    if (this.#net.state === 'silent') return NO_ANSWER;
    if (peer === null) return this.#fails(events, 'refused', 'ECONNREFUSED');
    return this.join(address.host, peer, events);
  }

  join(host: string, peer: FakePeer, events: ConnectionEvents): Connection {
    const { links } = this.#net;
    const passes = (): boolean => links.has(link) && !link.isSilent;
    const inner = peer.dial(
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
      kind: 'tcp',
      get unsentBytes() {
        return inner.unsentBytes;
      },
      write: (bytes) => {
        if (passes()) inner.write(bytes);
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
      if (transport === this) connection.destroy();
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

const NO_ANSWER: Connection = { kind: 'tcp', unsentBytes: 0, write: () => {}, destroy: () => {} };
