/**
 * Local service discovery (BEP 14): peers on the same network tell each other by multicast. Small enough to stand here: the
 * bittorrent-lsd package ends the process when a packet has but one line, and knows one address family.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { reachOf } from '../../shared/address-rules.ts';
import type { Clock } from '../../shared/clock.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import {
  LSD_ANSWER_MS,
  LSD_HOPE_MS,
  LSD_INTERFACES_MS,
  LSD_INTERVAL_MS,
  MAX_LSD_PACKET_BYTES,
} from '../../shared/limits.ts';
import { LivedTimer } from '../../shared/lived-timer.ts';
import { type LsdInterface, lsdInterfaces } from './lsd-interfaces.ts';

const PORT = 6_771;
const GROUPS = {
  4: { type: 'udp4', group: '239.192.152.143', host: '239.192.152.143' },
  6: { type: 'udp6', group: 'ff15::efc0:988f', host: '[ff15::efc0:988f]' },
} as const;

export interface LsdOptions {
  readonly infoHash: Uint8Array;
  /** Where peers may connect to us. */
  readonly port: number;
  /** The address of our own to speak from; null speaks on every interface. */
  readonly from: string | null;
  readonly interfaces?: () => Parameters<typeof lsdInterfaces>[0];
  readonly clock?: Clock;
  readonly onPeers: (peers: readonly HostPort[]) => void;
}

interface Mouth {
  readonly socket: Socket;
  readonly family: 4 | 6;
  saidAt: number;
}

export interface LsdAnnounce {
  readonly port: number;
  readonly infoHashes: readonly string[];
  readonly cookie: string | null;
}

export class LocalDiscovery {
  readonly #options: LsdOptions;
  readonly #infoHash: string;
  /** By this we know our own words when we hear them. */
  readonly #cookie = randomBytes(8).toString('hex');
  /** By the key of its interface: a socket sends on one, and hears what comes on any. */
  readonly #mouths = new Map<string, Mouth>();
  #timers: readonly NodeJS.Timeout[] = [];
  #hope: LivedTimer | null = null;

  constructor(options: LsdOptions) {
    this.#options = options;
    this.#infoHash = Buffer.from(options.infoHash).toString('hex');
  }

  /** Those who are there answer within moments. */
  get hopeful(): boolean {
    return this.#hope !== null;
  }

  /** Where there is no multicast, nothing comes of it, and nobody is told. */
  start(): void {
    const over = (): void => {
      this.#hope = null;
    };
    this.#hope = new LivedTimer(LSD_HOPE_MS, over, this.#options.clock);
    this.#look();
    this.#timers = [
      setInterval(() => this.#sayAll(), LSD_INTERVAL_MS),
      setInterval(() => this.#look(), LSD_INTERFACES_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#hope?.cancel();
    this.#hope = null;
    for (const key of [...this.#mouths.keys()]) this.#close(key);
  }

  /** Interfaces come and go: a cable, a wireless network, a tunnel. */
  #look(): void {
    const { interfaces = networkInterfaces, from } = this.#options;
    const now = new Map(lsdInterfaces(interfaces(), from).map((one) => [one.key, one]));
    for (const key of [...this.#mouths.keys()]) if (!now.has(key)) this.#close(key);
    for (const one of now.values()) if (!this.#mouths.has(one.key)) this.#open(one);
  }

  #open({ key, family, multicast }: LsdInterface): void {
    const { type, group } = GROUPS[family];
    const socket = createSocket({ type, reuseAddr: true, ipv6Only: family === 6 });
    const mouth: Mouth = { socket, family, saidAt: Number.NEGATIVE_INFINITY };
    this.#mouths.set(key, mouth);
    // One that does not work is tried again at the next look.
    socket.on('error', () => this.#close(key, socket));
    socket.on('message', (bytes, from) => this.#hear(bytes, from.address, mouth));
    socket.bind(PORT, () => {
      try {
        socket.addMembership(group, multicast);
        socket.setMulticastInterface(multicast);
        this.#say(mouth);
      } catch {
        // This interface takes no part in multicast, or is gone again.
        this.#close(key, socket);
      }
    });
  }

  #close(key: string, which?: Socket): void {
    const open = this.#mouths.get(key);
    if (open === undefined || (which !== undefined && which !== open.socket)) return;
    this.#mouths.delete(key);
    open.socket.close();
  }

  #sayAll(): void {
    for (const mouth of this.#mouths.values()) this.#say(mouth);
  }

  #say(mouth: Mouth): void {
    const { group, host } = GROUPS[mouth.family];
    mouth.saidAt = performance.now();
    const { port } = this.#options;
    mouth.socket.send(announceText(host, port, this.#infoHash, this.#cookie), PORT, group, () => {});
  }

  #hear(bytes: Buffer, from: string, mouth: Mouth): void {
    if (bytes.length > MAX_LSD_PACKET_BYTES) return;
    const announce = parseAnnounce(bytes.toString('latin1'));
    if (announce === null || announce.cookie === this.#cookie) return;
    if (!announce.infoHashes.includes(this.#infoHash)) return;
    // Who is heard here is on our network, unless somebody routes multicast from afar.
    const reach = reachOf(from);
    if (reach === null || reach === 'public') return;
    this.#options.onPeers([{ host: from, port: announce.port }]);
    // Whoever has just come has not heard us yet.
    if (performance.now() - mouth.saidAt >= LSD_ANSWER_MS) this.#say(mouth);
  }
}

export function announceText(host: string, port: number, infoHash: string, cookie: string): string {
  const lines = [
    'BT-SEARCH * HTTP/1.1',
    `Host: ${host}:${PORT}`,
    `Port: ${port}`,
    `Infohash: ${infoHash}`,
    `cookie: ${cookie}`,
    '',
    '',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Null for what is no announce. Header names in any case, as in HTTP. */
export function parseAnnounce(text: string): LsdAnnounce | null {
  const [first, ...lines] = text.split('\r\n');
  if (first !== 'BT-SEARCH * HTTP/1.1') return null;
  const headers = lines.flatMap((line) => {
    const match = /^([A-Za-z]+):\s*(\S+)\s*$/.exec(line);
    return match === null ? [] : [{ name: (match[1] as string).toLowerCase(), value: match[2] as string }];
  });
  const headerOf = (name: string) => headers.find((header) => header.name === name)?.value ?? null;
  const port = Number(headerOf('port') ?? Number.NaN);
  const infoHashes = headers
    .filter(({ name, value }) => name === 'infohash' && /^[0-9a-fA-F]{40}$/.test(value))
    .map(({ value }) => value.toLowerCase());
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || infoHashes.length === 0) return null;
  return { port, infoHashes, cookie: headerOf('cookie') };
}
