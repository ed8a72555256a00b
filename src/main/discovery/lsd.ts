/**
 * Local service discovery (BEP 14): peers on one network announce their torrents by multicast. It serves all torrents of a
 * session. It is our own, because the bittorrent-lsd package ends the process when a packet has only one line, and knows one
 * address family.
 */
import { reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { LSD_HOPE_MS, LSD_INTERFACES_MS, LSD_INTERVAL_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import type { Environment } from './environment.ts';
import { type LsdInterface, lsdInterfaces } from './lsd-interfaces.ts';
import { parseAnnounce } from './lsd-packet.ts';
import { type Announced, LsdSocket } from './lsd-socket.ts';

export interface LsdOptions {
  readonly environment: Environment;
  /** Uses the one timer of all torrents. */
  readonly later: Later;
  /** Our local address; null uses every interface. */
  readonly from: string | null;
}

export interface LsdRequest {
  readonly infoHash: Uint8Array;
  /** Where peers may connect to us. */
  readonly port: number;
  readonly onPeers: (peers: readonly HostPort[]) => void;
}

/** A torrent that is announced to the local network. */
export interface LsdMember {
  /** True for a moment after the start: peers on the network answer quickly. */
  readonly hopeful: boolean;
  networkBack(): void;
  leave(): void;
}

interface Member {
  readonly announced: Announced;
  readonly onPeers: (peers: readonly HostPort[]) => void;
}

export class LocalDiscovery {
  readonly #options: LsdOptions;
  readonly #cookie: string;
  /** By info hash. */
  readonly #members = new Map<string, Member>();
  /** By the key of the interface. A socket sends on its interface, and receives from all. */
  readonly #sockets = new Map<string, LsdSocket>();
  #cancels: readonly (() => void)[] = [];

  constructor(options: LsdOptions) {
    this.#options = options;
    const word = (): string => options.environment.randomBelow(0x1_0000_0000).toString(16).padStart(8, '0');
    this.#cookie = word() + word();
  }

  /** Without multicast nothing is found, and no message reports that. */
  join({ infoHash, port, onPeers }: LsdRequest): LsdMember {
    const key = Buffer.from(infoHash).toString('hex');
    const member: Member = { announced: [key, port], onPeers };
    this.#members.set(key, member);
    let hopeful = true;
    const cancelHope = this.#options.environment.livedLater(LSD_HOPE_MS, () => {
      hopeful = false;
    });
    if (this.#members.size === 1) this.#start();
    else for (const socket of this.#sockets.values()) socket.say([member.announced]);
    return {
      get hopeful() {
        return hopeful;
      },
      networkBack: () => {
        for (const socket of this.#sockets.values()) socket.sayAgain([member.announced]);
      },
      leave: () => {
        hopeful = false;
        cancelHope();
        if (this.#members.get(key) === member) this.#leave(key);
      },
    };
  }

  #leave(key: string): void {
    this.#members.delete(key);
    for (const socket of this.#sockets.values()) socket.forget(key);
    if (this.#members.size > 0) return;
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    for (const open of [...this.#sockets.keys()]) this.#close(open);
  }

  #start(): void {
    this.#look();
    this.#cancels = [
      this.#every(LSD_INTERVAL_MS, () => {
        for (const socket of this.#sockets.values()) socket.say(this.#allAnnounced);
      }),
      this.#every(LSD_INTERFACES_MS, () => this.#look()),
    ];
  }

  /** Repeats the work until it is cancelled. */
  #every(ms: number, work: () => void): () => void {
    const next = (): (() => void) =>
      this.#options.later(ms, () => {
        cancel = next();
        work();
      });
    let cancel = next();
    return () => cancel();
  }

  get #allAnnounced(): readonly Announced[] {
    return [...this.#members.values()].map(({ announced }) => announced);
  }

  /** Interfaces come and go: a cable, a wireless network, a tunnel. */
  #look(): void {
    const { environment, from } = this.#options;
    const now = new Map(lsdInterfaces(environment.interfaces(), from).map((one) => [one.key, one]));
    for (const key of [...this.#sockets.keys()]) if (!now.has(key)) this.#close(key);
    for (const one of now.values()) if (!this.#sockets.has(one.key)) this.#open(one);
  }

  #open(one: LsdInterface): void {
    const { environment, later } = this.#options;
    const socket: LsdSocket = new LsdSocket(one, {
      openSocket: environment.openSocket,
      now: environment.now,
      later,
      cookie: this.#cookie,
      onHeard: (text, from) => this.#hear(text, from, socket),
      // A socket that does not work is opened again at the next look.
      onBroken: () => this.#close(one.key, socket),
    });
    this.#sockets.set(one.key, socket);
    socket.say(this.#allAnnounced);
  }

  #close(key: string, which = this.#sockets.get(key)): void {
    if (which === undefined || which !== this.#sockets.get(key)) return;
    this.#sockets.delete(key);
    which.close();
  }

  #hear(text: string, from: string, socket: LsdSocket): void {
    const announce = parseAnnounce(text);
    if (announce === null || announce.cookie === this.#cookie) return;
    // A sender that we hear is on our network, unless a router forwards multicast from outside.
    const reach = reachOf(from);
    if (reach === null || reach === 'public') return;
    const members = [...new Set(announce.infoHashes)].flatMap((one) => this.#members.get(one) ?? []);
    for (const { onPeers } of members) onPeers([{ host: from, port: announce.port }]);
    // A peer that has just started has not received our announce yet.
    socket.sayAgain(members.map(({ announced }) => announced));
  }
}
