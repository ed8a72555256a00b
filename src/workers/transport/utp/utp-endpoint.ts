/**
 * All uTP connections of a shard (BEP 29), over one UDP socket per address family: passes packets to their connections,
 * answers new ones, and keeps the time.
 */
import type { RemoteInfo } from 'node:dgram';
import type { Clock } from '../../../shared/clock.ts';
import {
  FAMILY_POLL_MS,
  MAX_UTP_PACKET_BYTES,
  MAX_UTP_STRANGERS,
  UTP_RESETS_PER_TICK,
  UTP_TICK_MS,
} from '../../../shared/limits.ts';
import type { SecondTransport } from '../hedged-transport.ts';
import type { Address, Connection, ConnectionEvents, Listener, ListenRequest } from '../transport.ts';
import { resetFor, UtpConnection, type UtpLink } from './utp-connection.ts';
import { after, decodeUtp, UTP_TYPE, type UtpPacket } from './utp-packet.ts';
import { ReorderBudget } from './utp-receiver.ts';
import { type Family, UtpSocket } from './utp-socket.ts';

export interface UtpEndpointOptions {
  /** Our address for packets; null: the system chooses. */
  readonly localAddress: string | null;
  /** Shared with the other transports of the shard. */
  readonly readBuffer: Buffer;
  /** For deadlines. */
  readonly clock: Clock;
  readonly timestamps: Clock;
}

export class UtpEndpoint implements UtpLink, SecondTransport {
  readonly clock: Clock;
  readonly timestamps: Clock;
  readonly readBuffer: Buffer;
  readonly budget = new ReorderBudget();
  readonly #options: UtpEndpointOptions;
  readonly #sockets = new Map<Family, UtpSocket>();
  /** At a port that other threads share. Packets of one sender always come to the same thread, but not those of a peer that we dial. */
  readonly #shared = new Set<UtpSocket>();
  readonly #openedAt = new Map<Family, number>();
  /** By connection id: several peers may have chosen the same one. */
  readonly #connections = new Map<number, UtpConnection[]>();
  readonly #strangers = new Set<UtpConnection>();
  #toFlush: UtpConnection[] = [];
  #timer: NodeJS.Timeout | null = null;
  #onAccept: ListenRequest['onAccept'] | null = null;
  #resetsLeft = UTP_RESETS_PER_TICK;
  #resetsAt = 0;
  #closed = false;

  constructor(options: UtpEndpointOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.timestamps = options.timestamps;
    this.readBuffer = options.readBuffer;
  }

  connect(address: Address, events: ConnectionEvents): Connection {
    return this.#keep(UtpConnection.dial(address, this.#freeId(), this, events));
  }

  /** Accepts connections. A port that is not available is not reported: the same port over TCP is announced. */
  listen({ port, host, shared, sharedUtp, onAccept }: ListenRequest): Listener {
    for (const family of host === null ? ([4, 6] as const) : [familyOf(host)]) {
      if (shared && sharedUtp) this.#openShared(family, port, host);
      else if (shared) this.#openFirst(family, port, host);
      else this.#open(family, port, host);
    }
    return this.accept({ onAccept });
  }

  /** A peer that we dial may dial us at the same moment (BEP 55): its packets come to the port that ours leave from. */
  accept({ onAccept }: Pick<ListenRequest, 'onAccept'>): Listener {
    this.#onAccept = onAccept;
    return {
      close: () => {
        this.#onAccept = null;
      },
    };
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    for (const socket of this.#shared) socket.close();
    this.#shared.clear();
  }

  // --- UtpLink

  send(packet: Buffer, { host, port }: Address): void {
    if (this.#closed) return;
    const family = familyOf(host);
    const known = this.#sockets.get(family);
    // Another program has the port that we should listen on: use any other one. If there is no address of the family: perhaps later.
    const again = known === undefined || known.lostItsPort || (known.isClosed && this.#mayOpenAgain(family));
    const socket = again ? this.#bound(family) : known;
    // A network error for one packet means that it was lost, which uTP handles.
    if (socket !== null) socket.send(packet, port, host);
  }

  localPort({ host }: Address): number | null {
    return this.#sockets.get(familyOf(host))?.localPort ?? null;
  }

  wantsFlush(connection: UtpConnection): void {
    if (this.#toFlush.push(connection) === 1) setImmediate(() => this.#flush());
  }

  over(connection: UtpConnection): void {
    const { receiveId } = connection;
    const rest = (this.#connections.get(receiveId) ?? []).filter((other) => other !== connection);
    if (rest.length === 0) this.#connections.delete(receiveId);
    else this.#connections.set(receiveId, rest);
    this.#strangers.delete(connection);
  }

  #keep(connection: UtpConnection): UtpConnection {
    const { receiveId } = connection;
    this.#connections.set(receiveId, [...(this.#connections.get(receiveId) ?? []), connection]);
    this.#timer ??= setInterval(() => this.#tick(), UTP_TICK_MS);
    return connection;
  }

  #freeId(): number {
    let id = Math.floor(Math.random() * 0x1_0000);
    // Steps of two give an unused pair of ids; there are more pairs than sockets.
    while (this.#connections.has(id)) id = after(id, 2);
    return id;
  }

  #flush(): void {
    const connections = this.#toFlush;
    this.#toFlush = [];
    for (const connection of connections) connection.flush();
  }

  #tick(): void {
    const now = this.clock();
    for (const several of [...this.#connections.values()]) for (const one of several) one.tick(now);
    if (this.#connections.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  // --- The socket

  /** Null if packets of that family cannot leave: the user named an address of the other family. */
  #bound(family: Family): UtpSocket | null {
    const { localAddress } = this.#options;
    if (localAddress !== null && familyOf(localAddress) !== family) return null;
    return this.#open(family, 0, localAddress);
  }

  #mayOpenAgain(family: Family): boolean {
    return this.clock() - (this.#openedAt.get(family) ?? 0) >= FAMILY_POLL_MS;
  }

  #open(family: Family, port: number, host: string | null): UtpSocket {
    this.#sockets.get(family)?.close();
    this.#openedAt.set(family, this.clock());
    const socket = new UtpSocket(family, port, host, false, (bytes, from) => this.#hear(bytes, from, this));
    this.#sockets.set(family, socket);
    return socket;
  }

  /** The first of several threads has the port, and dials from it. The others dial from ports of their own. */
  #openFirst(family: Family, port: number, host: string | null): void {
    const onPacket = (bytes: Buffer, from: RemoteInfo): void => this.#hear(bytes, from, this);
    new UtpSocket(family, port, host, false, onPacket, (socket) => {
      if (this.#closed) return socket.close();
      this.#sockets.get(family)?.close();
      this.#openedAt.set(family, this.clock());
      this.#sockets.set(family, socket);
    });
  }

  /** What came to this socket is answered from it. Dials use another one, so that their answers come to this thread. */
  #openShared(family: Family, port: number, host: string | null): void {
    const socket: UtpSocket = new UtpSocket(family, port, host, true, (bytes, from) =>
      this.#hear(bytes, from, link),
    );
    this.#shared.add(socket);
    const { clock, timestamps, readBuffer, budget } = this;
    const link: UtpLink = {
      ...{ clock, timestamps, readBuffer, budget },
      send: (packet, to) => socket.send(packet, to.port, to.host),
      localPort: () => socket.localPort,
      wantsFlush: (connection) => this.wantsFlush(connection),
      over: (connection) => this.over(connection),
    };
  }

  /** `link`: answers leave by it. */
  #hear(bytes: Buffer, { address: host, port }: RemoteInfo, link: UtpLink): void {
    // No uTP packet is larger than an Ethernet frame; port 0 belongs to no program and cannot be answered.
    const packet = bytes.length > MAX_UTP_PACKET_BYTES || port === 0 ? null : decodeUtp(bytes);
    if (packet === null || this.#closed) return;
    const from = { host, port };
    const connection = this.#connectionOf(packet, from);
    if (connection === null) return this.#unknown(packet, from, link);
    if (connection.isStranger && !this.#admit(connection, packet)) return;
    connection.receive(packet);
  }

  #connectionOf({ type, connectionId }: UtpPacket, from: Address): UtpConnection | null {
    const isReset = type === UTP_TYPE.reset;
    // A repeated request uses the id that the peer listens to; its packets use the next one.
    const id = type === UTP_TYPE.syn ? after(connectionId, 1) : connectionId;
    for (const candidate of isReset ? [id, after(id, -1), after(id, 1)] : [id])
      for (const connection of this.#connections.get(candidate) ?? [])
        if (connection.answersTo(id, from, isReset)) return connection;
    return null;
  }

  /** True once a stranger has proved its address and its connection is accepted. */
  #admit(stranger: UtpConnection, packet: UtpPacket): boolean {
    if (packet.type === UTP_TYPE.syn) return true;
    if (packet.type === UTP_TYPE.state) return false;
    this.#strangers.delete(stranger);
    // There are few numbers, so a stranger has only one guess.
    if (!stranger.provesItself(packet)) {
      stranger.destroy();
      return false;
    }
    this.#onAccept?.(stranger.peer, (events) => stranger.start(events));
    if (stranger.isStranger) stranger.destroy();
    return !stranger.isStranger;
  }

  /** At most this many per tick, so that we cannot be used to send packets to others. */
  #reset(packet: UtpPacket, from: Address, link: UtpLink): void {
    const now = this.clock();
    if (now - this.#resetsAt >= UTP_TICK_MS) {
      this.#resetsAt = now;
      this.#resetsLeft = UTP_RESETS_PER_TICK;
    }
    if (this.#resetsLeft === 0) return;
    this.#resetsLeft -= 1;
    link.send(resetFor(packet, this.timestamps()), from);
  }

  #unknown(packet: UtpPacket, from: Address, link: UtpLink): void {
    if (packet.type === UTP_TYPE.reset) return;
    if (packet.type === UTP_TYPE.syn && this.#onAccept !== null) {
      const first = Math.floor(Math.random() * 0x1_0000);
      const stranger = this.#keep(UtpConnection.answer(packet, from, first, link));
      this.#strangers.add(stranger);
      const [oldest] = this.#strangers;
      if (this.#strangers.size > MAX_UTP_STRANGERS) oldest?.destroy();
    } else this.#reset(packet, from, link);
  }
}

function familyOf(host: string): Family {
  return host.includes(':') ? 6 : 4;
}
