/**
 * All uTP connections of a shard (BEP 29), over one UDP socket for each family of addresses: gives packets to the
 * connections that they are for, answers those who ask for one, and keeps the time.
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
  /** Where packets leave from; null leaves it to the system. */
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
  readonly #openedAt = new Map<Family, number>();
  /** By the number under which their packets come: several peers may have chosen the same. */
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

  /** Lets others connect to us. A port that cannot be had is not told: the same port over TCP is what is announced. */
  listen({ port, host, onAccept }: ListenRequest): Listener {
    this.#onAccept = onAccept;
    for (const family of host === null ? ([4, 6] as const) : [familyOf(host)]) this.#open(family, port, host);
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
  }

  // --- UtpLink

  send(packet: Buffer, { host, port }: Address): void {
    if (this.#closed) return;
    const family = familyOf(host);
    const known = this.#sockets.get(family);
    // The port that was to be listened at is somebody else's: then from any other. No address of the family: perhaps later.
    const again = known === undefined || known.lostItsPort || (known.isClosed && this.#mayOpenAgain(family));
    const socket = again ? this.#bound(family) : known;
    // Whatever the network says of one packet: it was lost, and uTP copes with that.
    if (socket !== null) socket.send(packet, port, host);
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
    // With each step of two the pair of numbers is one that nobody has; there are more pairs than sockets.
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

  /** Null where packets of that family may not leave: the user named an address of the other one. */
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
    const socket = new UtpSocket(family, port, host, (bytes, from) => this.#hear(bytes, from));
    this.#sockets.set(family, socket);
    return socket;
  }

  #hear(bytes: Buffer, { address: host, port }: RemoteInfo): void {
    // No packet of ours or theirs is larger than a frame of Ethernet; port 0 is nobody's, and cannot be answered.
    const packet = bytes.length > MAX_UTP_PACKET_BYTES || port === 0 ? null : decodeUtp(bytes);
    if (packet === null || this.#closed) return;
    const from = { host, port };
    const connection = this.#connectionOf(packet, from);
    if (connection === null) return this.#unknown(packet, from);
    if (connection.isStranger && !this.#admit(connection, packet)) return;
    connection.receive(packet);
  }

  #connectionOf({ type, connectionId }: UtpPacket, from: Address): UtpConnection | null {
    const isReset = type === UTP_TYPE.reset;
    // Who asks again uses the number that it listens to; its packets come under the next.
    const id = type === UTP_TYPE.syn ? after(connectionId, 1) : connectionId;
    for (const candidate of isReset ? [id, after(id, -1), after(id, 1)] : [id])
      for (const connection of this.#connections.get(candidate) ?? [])
        if (connection.answersTo(id, from, isReset)) return connection;
    return null;
  }

  /** True once a stranger has shown that it is where it says, and somebody wants it. */
  #admit(stranger: UtpConnection, packet: UtpPacket): boolean {
    if (packet.type === UTP_TYPE.syn) return true;
    if (packet.type === UTP_TYPE.state) return false;
    this.#strangers.delete(stranger);
    // There are only so many numbers: nobody has a second guess.
    if (!stranger.provesItself(packet)) {
      stranger.destroy();
      return false;
    }
    this.#onAccept?.(stranger.peer, (events) => stranger.start(events));
    if (stranger.isStranger) stranger.destroy();
    return !stranger.isStranger;
  }

  /** So many in a tick and no more: nobody shall use us to shout at others. */
  #reset(packet: UtpPacket, from: Address): void {
    const now = this.clock();
    if (now - this.#resetsAt >= UTP_TICK_MS) {
      this.#resetsAt = now;
      this.#resetsLeft = UTP_RESETS_PER_TICK;
    }
    if (this.#resetsLeft === 0) return;
    this.#resetsLeft -= 1;
    this.send(resetFor(packet, this.timestamps()), from);
  }

  #unknown(packet: UtpPacket, from: Address): void {
    if (packet.type === UTP_TYPE.reset) return;
    if (packet.type === UTP_TYPE.syn && this.#onAccept !== null) {
      const first = Math.floor(Math.random() * 0x1_0000);
      const stranger = this.#keep(UtpConnection.answer(packet, from, first, this));
      this.#strangers.add(stranger);
      const [oldest] = this.#strangers;
      if (this.#strangers.size > MAX_UTP_STRANGERS) oldest?.destroy();
    } else this.#reset(packet, from);
  }
}

function familyOf(host: string): Family {
  return host.includes(':') ? 6 : 4;
}
