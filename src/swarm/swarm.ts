/**
 * A loopback swarm to race against: a tracker and N peers, each with its own address in 127.0.0.0/8 and a personality.
 * Deterministic by its seed. It knows the oracle: the time that the best peer alone needs.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type BlackHoles, openBlackHoles } from './black-holes.ts';
import { dealPeers, type Mix, type PeerPlan, type Personality } from './mix.ts';
import { Payload } from './payload.ts';
import { Dice } from './random.ts';
import { SwarmPeer } from './swarm-peer.ts';
import { openTracker } from './swarm-tracker.ts';
import { type SwarmTorrent, torrentFile } from './torrent-file.ts';

export interface SwarmOptions {
  readonly peers: number;
  readonly seed: number;
  readonly mix: Mix;
  readonly payloadBytes: number;
  /** 1 by default: then the torrent is one file, else a folder. */
  readonly files?: number;
  readonly pieceBytes: number;
  /** Bytes per second and connection; 0 is unlimited. */
  readonly rate: number;
  /** Delay of each answer in milliseconds. */
  readonly rttMs: number;
  /** The first byte of all addresses, default 127: for a namespace with its own network. */
  readonly network?: number;
}

/** The time of the best peer: connecting costs nothing over loopback. */
export interface Oracle {
  readonly ms: number;
  readonly peer: string;
  readonly handshakeMs: number;
  readonly unchokeMs: number;
}

export interface SwarmStats {
  readonly accepted: number;
  readonly unchokesSent: number;
  readonly cpuMs: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  /** The first unchoke that was sent: when it was due and when it was sent, both from the accept of its connection. */
  readonly firstUnchoke: { readonly plannedMs: number; readonly sentMs: number } | null;
  readonly firsts: SwarmFirsts;
}

/** The first actions of the client under test, since the tracker was asked for `/stats?anew`: milliseconds of the epoch, null before. */
export interface SwarmFirsts {
  readonly announceAt: number | null;
  readonly acceptAt: number | null;
  readonly unchokeAt: number | null;
  readonly requestAt: number | null;
}

export interface Swarm {
  readonly torrent: SwarmTorrent;
  readonly announce: string;
  readonly oracle: Oracle | null;
  readonly counts: Readonly<Partial<Record<Personality, number>>>;
  /** False: this system does not drop connects to a full queue, so black holes accept and stay silent. */
  readonly trueTimeout: boolean;
  readonly addresses: readonly string[];
  stats(): SwarmStats;
  close(): Promise<void>;
}

const LOOPBACK = 127;
const MAX_PEERS = 10_000;
const LISTEN_BACKLOG = 128;
const LAG_RESOLUTION_MS = 10;

/** Opens the swarm. Throws Error with a message for the user if the machine does not allow it. */
export async function openSwarm(options: SwarmOptions): Promise<Swarm> {
  if (options.peers < 1 || options.peers > MAX_PEERS)
    throw new Error(`--peers is not between 1 and ${MAX_PEERS}`);
  const dice = new Dice(options.seed);
  const plans = dealPeers(options.peers, options.mix, dice);
  const { network = LOOPBACK } = options;
  const hosts = plans.map((_, i) => hostOf(network, i));
  const ports: number[] = new Array(options.peers).fill(0);
  const listeners: Server[] = [];
  const sockets = new Set<Socket>();
  let compact: Buffer = Buffer.alloc(0);
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  const stats = new Counters();
  const trackerHost = `${network}.0.0.1`;
  const tracker = await openTracker(trackerHost, {
    compactPeers: () => {
      stats.happened('announceAt');
      return compact;
    },
    stats: () => stats.snapshot(delay),
    anew: () => stats.anew(),
  });
  const payload = new Payload(options.payloadBytes, options.pieceBytes, options.seed);
  const announce = `http://${trackerHost}:${tracker.port}/announce`;
  const torrent = torrentFile(payload, `swarm-${options.seed}`, options.files ?? 1, announce);
  const holes = await openHoles(plans, hosts, ports);

  for (const [i, plan] of plans.entries()) {
    if (plan.personality === 'black-hole' && holes.trueTimeout) continue;
    const served = plan.personality === 'black-hole' ? { ...plan, personality: 'silent' as const } : plan;
    const server = createServer((socket) => {
      stats.accepted += 1;
      stats.happened('acceptAt');
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      const setting = {
        payload,
        torrent,
        rate: options.rate,
        rttMs: options.rttMs,
        peerId: peerIdOf(i),
        onUnchoke: stats.unchoked,
        onRequest: () => stats.happened('requestAt'),
      };
      new SwarmPeer(socket, served, setting);
    });
    ports[i] = await listen(server, hosts[i] as string);
    // A refuser had a port for a moment, so no other program listens there.
    if (plan.personality === 'refuser') server.close();
    else listeners.push(server);
  }
  compact = compactPeers(hosts, ports);
  delay.enable();
  return {
    torrent,
    announce,
    oracle: oracleOf(plans, hosts, ports),
    counts: countOf(plans),
    trueTimeout: holes.trueTimeout,
    addresses: hosts.map((host, i) => `${host}:${ports[i]}`),
    stats: () => stats.snapshot(delay),
    close: async () => {
      delay.disable();
      for (const socket of sockets) socket.destroy();
      await Promise.all(listeners.map((server) => new Promise((done) => server.close(done))));
      await Promise.all([tracker.close(), holes.close()]);
    },
  };
}

const NOTHING_YET: SwarmFirsts = { announceAt: null, acceptAt: null, unchokeAt: null, requestAt: null };

class Counters {
  accepted = 0;
  #unchokes = 0;
  #first: SwarmStats['firstUnchoke'] = null;
  #firsts: SwarmFirsts = NOTHING_YET;

  happened(what: keyof SwarmFirsts): void {
    if (this.#firsts[what] === null)
      this.#firsts = { ...this.#firsts, [what]: performance.timeOrigin + performance.now() };
  }

  /** The next client begins. */
  anew(): void {
    this.#firsts = NOTHING_YET;
  }

  readonly unchoked = (sentMs: number, plannedMs: number): void => {
    this.#unchokes += 1;
    this.happened('unchokeAt');
    this.#first ??= { plannedMs, sentMs };
  };

  snapshot(delay: ReturnType<typeof monitorEventLoopDelay>): SwarmStats {
    const { user, system } = process.cpuUsage();
    const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - LAG_RESOLUTION_MS);
    return {
      accepted: this.accepted,
      unchokesSent: this.#unchokes,
      cpuMs: (user + system) / 1_000,
      lagP99Ms: beyond(delay.percentile(99)),
      lagMaxMs: beyond(delay.max),
      firstUnchoke: this.#first,
      firsts: this.#firsts,
    };
  }
}

async function openHoles(
  plans: readonly PeerPlan[],
  hosts: readonly string[],
  ports: number[],
): Promise<BlackHoles> {
  const dead = plans.flatMap((plan, i) => (plan.personality === 'black-hole' ? [i] : []));
  const holes = await openBlackHoles(dead.map((i) => hosts[i] as string));
  if (!holes.trueTimeout) await holes.close();
  else for (const [j, i] of dead.entries()) ports[i] = holes.ports[j] as number;
  return holes;
}

/** 127.16.0.1 and on, the last byte from 1 to 250. */
function hostOf(network: number, i: number): string {
  return `${network}.${16 + Math.floor(i / 62_500)}.${Math.floor(i / 250) % 250}.${(i % 250) + 1}`;
}

function peerIdOf(i: number): Buffer {
  return Buffer.from(`-SW0100-${String(i).padStart(12, '0')}`, 'latin1');
}

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog: LISTEN_BACKLOG }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`no port for ${host}`);
  return address.port;
}

function compactPeers(hosts: readonly string[], ports: readonly number[]): Buffer {
  const bytes = Buffer.alloc(hosts.length * 6);
  for (const [i, host] of hosts.entries()) {
    for (const [j, part] of host.split('.').entries()) bytes[i * 6 + j] = Number(part);
    bytes.writeUInt16BE(ports[i] as number, i * 6 + 4);
  }
  return bytes;
}

function oracleOf(
  plans: readonly PeerPlan[],
  hosts: readonly string[],
  ports: readonly number[],
): Oracle | null {
  let best = -1;
  const total = (i: number) => (plans[i]?.handshakeMs ?? 0) + (plans[i]?.unchokeMs ?? 0);
  for (const [i, plan] of plans.entries()) {
    if (plan.unchokeMs !== Number.POSITIVE_INFINITY && (best < 0 || total(i) < total(best))) best = i;
  }
  const plan = plans[best];
  if (plan === undefined) return null;
  return {
    ms: total(best),
    peer: `${hosts[best]}:${ports[best]}`,
    handshakeMs: plan.handshakeMs,
    unchokeMs: plan.unchokeMs,
  };
}

function countOf(plans: readonly PeerPlan[]): Partial<Record<Personality, number>> {
  const counts: Partial<Record<Personality, number>> = {};
  for (const { personality } of plans) counts[personality] = (counts[personality] ?? 0) + 1;
  return counts;
}
