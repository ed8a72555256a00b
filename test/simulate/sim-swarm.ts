/** The peers and trackers of a simulated torrent: what is in the network for it, and which source names which peer. */
import type { HostPort } from '../../src/shared/compact-peers.ts';
import type { VirtualMachine } from '../support/virtual-machine.ts';
import { addressOf } from '../support/virtual-session.ts';
import { udpTracker } from '../support/virtual-udp-tracker.ts';
import type { KnownBy, PeerPlan, TorrentPlan, Ways } from './scenario.ts';
import type { SimContent } from './sim-content.ts';
import { scriptOf } from './sim-peers.ts';

const KNOCK_MS = 15_000;
const UDP_PORT = 6_969;

interface Named {
  readonly name: string;
  readonly index: number;
  readonly plan: TorrentPlan;
  readonly content: SimContent;
}

export function trackerUrls({ trackers }: TorrentPlan, name: string): string[] {
  return trackers.map(({ way }, i) => {
    const host = trackerHost(name, i);
    return way === 'udp' ? `udp://${host}:${UDP_PORT}/announce` : `http://${host}/announce`;
  });
}

const trackerHost = (name: string, i: number): string => `t${i}.${name}.test`;

export class SimSwarm {
  readonly #machine: VirtualMachine;
  readonly #plan: TorrentPlan;
  readonly #addresses: readonly HostPort[];

  /** `isWanted`: peers that nobody tells us of connect to us. */
  constructor(machine: VirtualMachine, torrent: Named, ways: Ways, isWanted: () => boolean) {
    const { plan, index, content } = torrent;
    this.#machine = machine;
    this.#plan = plan;
    this.#addresses = plan.peers.map((_, i) => ({ host: `${11 + index}.${i}.0.7`, port: 6_881 + i }));
    let halves = 0;
    for (const [i, peer] of plan.peers.entries()) {
      const address = this.#addresses[i] as HostPort;
      this.#addPeer(peer, address, content, ways, peer.kind === 'half' ? halves++ : 0);
      if (peer.knownBy === 'knock') this.#knocks(peer, address, isWanted);
    }
    this.#addTrackers(torrent);
    machine.dhtPeers.set(Buffer.from(content.infoHash).toString('hex'), this.knownBy('dht'));
  }

  knownBy(way: KnownBy): HostPort[] {
    return this.#addresses.filter((_, i) => this.#plan.peers[i]?.knownBy === way);
  }

  /** `name`: its address and port. */
  planOf(name: string): PeerPlan | undefined {
    return this.#plan.peers[this.#addresses.findIndex(({ host }) => name.startsWith(`${host}:`))];
  }

  /** Peers that we dialled and are connected to. One that came to us and has not named its torrent belongs to none. */
  get connected(): number {
    const dialled = this.#addresses.filter((_, i) => this.#plan.peers[i]?.knownBy !== 'knock');
    return [...this.#machine.net.links].filter((link) => dialled.some(({ host }) => host === link.host))
      .length;
  }

  #addPeer(peer: PeerPlan, address: HostPort, content: SimContent, ways: Ways, part: number): void {
    const { speaks, over } = peer;
    // Where we never begin an encrypted stream it makes no difference that a peer knows both.
    const isPlain = ways.encryption === 'off' && speaks !== 'encrypted';
    const script = scriptOf(peer, content, this.knownBy('pex'), part);
    const own = { speaks: isPlain ? null : speaks, over, infoHash: content.infoHash };
    this.#machine.net.add(address.host, address.port, script, own);
  }

  #knocks({ awayUntilMs }: PeerPlan, address: HostPort, isWanted: () => boolean): void {
    const { net, loop } = this.#machine;
    loop.time.every(KNOCK_MS, () => {
      const isThere = [...net.links].some(({ host }) => host === address.host);
      if (isWanted() && !isThere && loop.time.now() >= awayUntilMs) net.knock(address);
    });
  }

  #addTrackers({ name, plan }: Named): void {
    const { loop, trackers, datagrams } = this.#machine;
    const peers = this.knownBy('tracker');
    for (const [i, { kind, untilMs }] of plan.trackers.entries()) {
      const host = trackerHost(name, i);
      const tracker = { kind, untilMs, peers };
      trackers.add(host, tracker);
      datagrams.serve(addressOf(host), UDP_PORT, udpTracker(trackers.overUdp(tracker, loop.time.now)));
    }
  }
}
