/** Local discovery on one interface: sends announces one packet at a time, with pauses, and receives those of others. */
import type { Clock } from '../../shared/clock.ts';
import {
  LSD_ANSWER_MS,
  LSD_PACE_MS,
  MAX_LSD_INFO_HASHES,
  MAX_LSD_PACKET_BYTES,
} from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import type { DatagramSocket, OpenSocket } from './environment.ts';
import type { LsdInterface } from './lsd-interfaces.ts';
import { announceText, LSD_PORT } from './lsd-packet.ts';

const GROUPS = {
  4: { group: '239.192.152.143', host: '239.192.152.143' },
  6: { group: 'ff15::efc0:988f', host: '[ff15::efc0:988f]' },
} as const;

export interface LsdSocketOptions {
  readonly openSocket: OpenSocket;
  readonly now: Clock;
  readonly later: Later;
  /** We recognize our own announces by this when we receive them. */
  readonly cookie: string;
  readonly onHeard: (text: string, from: string) => void;
  /** The socket cannot send. */
  readonly onBroken: () => void;
}

/** A torrent, by its info hash in hex, and the port where peers may connect to us for it. */
export type Announced = readonly [infoHash: string, port: number];

export class LsdSocket {
  readonly #options: LsdSocketOptions;
  readonly #family: 4 | 6;
  readonly #socket: DatagramSocket;
  #isOpen = false;
  /** The announces that wait to be sent, in order. */
  readonly #due = new Map<string, number>();
  /** When each torrent was last announced here. */
  readonly #said = new Map<string, number>();
  #saidAt = Number.NEGATIVE_INFINITY;
  #cancelNext: (() => void) | null = null;

  constructor({ family, multicast }: LsdInterface, options: LsdSocketOptions) {
    this.#options = options;
    this.#family = family;
    this.#socket = options.openSocket(family, true, {
      onMessage: (bytes, { address }) => {
        if (bytes.length <= MAX_LSD_PACKET_BYTES) options.onHeard(bytes.toString('latin1'), address);
      },
      onError: options.onBroken,
    });
    this.#socket.bind(LSD_PORT, null, () => {
      try {
        this.#socket.joinGroup(GROUPS[family].group, multicast);
      } catch {
        // The interface has no multicast, or it is gone again.
        return options.onBroken();
      }
      this.#isOpen = true;
      this.#next();
    });
  }

  say(announced: readonly Announced[]): void {
    for (const [infoHash, port] of announced) this.#due.set(infoHash, port);
    if (this.#cancelNext === null) this.#next();
  }

  /** Announces those again that were not announced here just now. */
  sayAgain(announced: readonly Announced[]): void {
    const latest = this.#options.now() - LSD_ANSWER_MS;
    this.say(
      announced.filter(([infoHash]) => (this.#said.get(infoHash) ?? Number.NEGATIVE_INFINITY) <= latest),
    );
  }

  forget(infoHash: string): void {
    this.#due.delete(infoHash);
    this.#said.delete(infoHash);
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelNext?.();
    this.#socket.close();
  }

  /** Sends several torrents with the same port in one packet. A pause follows. */
  #next(): void {
    this.#cancelNext = null;
    const [first] = this.#due;
    if (first === undefined || !this.#isOpen) return;
    const { now, later, cookie } = this.#options;
    const restMs = this.#saidAt + LSD_PACE_MS - now();
    if (restMs <= 0) {
      const [, port] = first;
      const some = [...this.#due].filter((one) => one[1] === port).slice(0, MAX_LSD_INFO_HASHES);
      this.#saidAt = now();
      for (const [infoHash] of some) {
        this.#due.delete(infoHash);
        this.#said.set(infoHash, this.#saidAt);
      }
      const { group, host } = GROUPS[this.#family];
      const infoHashes = some.map(([infoHash]) => infoHash);
      const text = announceText(host, port, infoHashes, cookie);
      this.#socket.send(Buffer.from(text), { address: group, port: LSD_PORT }, () => {});
    }
    if (this.#due.size > 0) this.#cancelNext = later(restMs <= 0 ? LSD_PACE_MS : restMs, () => this.#next());
  }
}
