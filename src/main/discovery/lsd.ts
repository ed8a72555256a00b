/**
 * Local service discovery (BEP 14): peers on the same network tell each other by multicast. Small enough to stand here: the
 * bittorrent-lsd package ends the process when a packet has but one line, and knows one address family.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { reachOf } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { LSD_ANSWER_MS, LSD_HOPE_MS, LSD_INTERVAL_MS, MAX_LSD_PACKET_BYTES } from '../../shared/limits.ts';

const PORT = 6_771;
const GROUPS = [
  { type: 'udp4', group: '239.192.152.143', host: '239.192.152.143' },
  { type: 'udp6', group: 'ff15::efc0:988f', host: '[ff15::efc0:988f]' },
] as const;

export interface LsdOptions {
  readonly infoHash: Uint8Array;
  /** Where peers may connect to us. */
  readonly port: number;
  /** The address of our own to speak from; null leaves it to the system. */
  readonly from: string | null;
  readonly onPeers: (peers: readonly HostPort[]) => void;
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
  readonly #sockets: { readonly socket: Socket; readonly group: string; readonly host: string }[] = [];
  #timer: NodeJS.Timeout | null = null;
  #startedAt = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: LsdOptions) {
    this.#options = options;
    this.#infoHash = Buffer.from(options.infoHash).toString('hex');
  }

  /** Those who are there answer within moments. */
  get hopeful(): boolean {
    return this.#timer !== null && performance.now() - this.#startedAt < LSD_HOPE_MS;
  }

  /** Where there is no multicast, nothing comes of it, and nobody is told. */
  start(): void {
    this.#startedAt = performance.now();
    const { from } = this.#options;
    for (const { type, group, host } of GROUPS) {
      if (from !== null && (type === 'udp6') !== from.includes(':')) continue;
      const socket = createSocket({ type, reuseAddr: true, ipv6Only: type === 'udp6' });
      this.#sockets.push({ socket, group, host });
      socket.on('error', () => {});
      socket.on('message', (bytes, from) => this.#hear(bytes, from.address));
      socket.bind(PORT, () => {
        try {
          if (from === null) socket.addMembership(group);
          else {
            socket.addMembership(group, from);
            socket.setMulticastInterface(from);
          }
        } catch {
          // No interface takes part in multicast.
        }
        this.#say(socket, group, host);
      });
    }
    this.#timer = setInterval(() => this.#sayAll(), LSD_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const { socket } of this.#sockets.splice(0)) socket.close();
  }

  #sayAll(): void {
    for (const { socket, group, host } of this.#sockets) this.#say(socket, group, host);
  }

  #say(socket: Socket, group: string, host: string): void {
    this.#saidAt = performance.now();
    const { port } = this.#options;
    socket.send(announceText(host, port, this.#infoHash, this.#cookie), PORT, group, () => {});
  }

  #hear(bytes: Buffer, from: string): void {
    if (bytes.length > MAX_LSD_PACKET_BYTES) return;
    const announce = parseAnnounce(bytes.toString('latin1'));
    if (announce === null || announce.cookie === this.#cookie) return;
    if (!announce.infoHashes.includes(this.#infoHash)) return;
    // Who is heard here is on our network, unless somebody routes multicast from afar.
    const reach = reachOf(from);
    if (reach === null || reach === 'public') return;
    this.#options.onPeers([{ host: from, port: announce.port }]);
    // Whoever has just come has not heard us yet.
    if (performance.now() - this.#saidAt >= LSD_ANSWER_MS) this.#sayAll();
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
