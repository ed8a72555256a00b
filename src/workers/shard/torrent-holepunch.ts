/** Holepunching (BEP 55) of one torrent on a shard: what its parts need of the torrent and the thread, and what becomes of dials. */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { HolepunchCommand } from '../../shared/holepunch.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import type { AddressCommand, PeerAddress, TorrentEntry } from '../../shared/messages.ts';
import type { Approach } from '../dialling/approaches.ts';
import { Holepunch } from '../dialling/holepunch.ts';
import { Punches } from '../dialling/punches.ts';
import { RelayLines } from '../dialling/relay-lines.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PeerState } from '../peer/peer-state.ts';
import type { HolepunchMessage } from '../wire/holepunch-message.ts';
import type { KnownTorrent } from './known-torrent.ts';
import type { Outbox } from './outbox.ts';
import type { Way } from './peer-exchange.ts';
import type { ShardThread } from './shard-thread.ts';

/** The torrent, as holepunching sees it. */
export interface PunchingTorrent {
  readonly torrent: KnownTorrent;
  readonly mayDial: boolean;
  /** A new peer with an index of this shard. It is in play, and not dialled. */
  enterUnnamed(address: HostPort, approach: Approach): PeerDriver;
}

export class TorrentHolepunch {
  readonly #holepunch: Holepunch;
  readonly #punches: Punches;
  readonly #lines = new RelayLines();
  readonly #torrent: PunchingTorrent;
  readonly #peers: ReadonlyMap<PeerIndex, PeerDriver>;
  readonly #thread: ShardThread;
  readonly #outbox: Outbox;

  constructor(
    entry: TorrentEntry,
    torrent: PunchingTorrent,
    peers: ReadonlyMap<PeerIndex, PeerDriver>,
    thread: ShardThread,
    outbox: Outbox,
  ) {
    this.#torrent = torrent;
    this.#peers = peers;
    this.#thread = thread;
    this.#outbox = outbox;
    const approach = { secure: thread.task.encryption === 'require', utpOnly: true };
    this.#punches = new Punches({
      peers,
      peerId: entry.peerId,
      enter: (address) => torrent.enterUnnamed(address, approach),
    });
    const { world } = thread;
    this.#holepunch = new Holepunch(
      {
        peers,
        clock: world.clock,
        get isOffered() {
          return torrent.torrent.offer.holepunch;
        },
        get mayPunch() {
          return torrent.mayDial && thread.hasRoom;
        },
        isOurs: ({ host, port }) =>
          port === thread.listeningPort && world.ownAddresses()?.includes(host) === true,
        isIncoming: (peer) => thread.isIncoming(peer),
        tell: (event) => outbox.now(event),
      },
      this.#punches,
    );
  }

  command(command: HolepunchCommand): void {
    this.#holepunch.command(command);
  }

  heard(peer: PeerDriver, message: HolepunchMessage): void {
    this.#holepunch.heard(peer, message);
  }

  heed(command: AddressCommand): void {
    if (command.type === 'addresses') this.#holepunch.named(command.addresses);
    if (command.type !== 'forget') return;
    this.#holepunch.forget(command.peers);
    this.#lines.forget(command.peers);
  }

  dialled({ peer }: PeerAddress): void {
    this.#holepunch.dialled(peer);
  }

  /** A peer connected to us from this address. True if we were about to dial it in turn. */
  met(address: HostPort): boolean {
    return this.#punches.met(address);
  }

  wayOf(peer: PeerDriver): Way {
    if (this.#thread.isIncoming(peer)) return 'incoming';
    return this.#punches.has(peer) ? 'punched' : 'dialled';
  }

  /** Of any peer. Says of one that was punched and is closed now whether main knows it. */
  onPhase(peer: PeerDriver, before: PeerState, after: PeerState): 'unanswered' | 'connected' | null {
    if (before.phase === 'dialing') this.#holepunch.dialEnded(peer.index, after.phase === 'closed');
    if (after.phase === 'handshaking' && this.#punches.answered(peer))
      this.#outbox.now({ type: 'accepted', address: peer.peerAddress, punched: true });
    if (after.phase !== 'closed') return null;
    this.#holepunch.left(peer.index);
    return this.#punches.left(peer);
  }

  /** This machine could not dial it. True if it was to be punched: then the moment is gone. */
  onShortage(peer: PeerDriver): boolean {
    return this.#punches.left(peer) !== null;
  }

  /** Returns a peer to dial again over uTP, so that it can introduce us. */
  tick(now: number): PeerDriver | null {
    this.#holepunch.tick(now);
    this.#punches.tick(now);
    const { torrent, mayDial } = this.#torrent;
    // Main knows what it asked a peer while the metadata is missing.
    const mayMove = torrent.pieceCount !== null && torrent.offer.holepunch && mayDial;
    if (!mayMove || this.#thread.isOpen || this.#thread.listeningPort === null) return null;
    return this.#lines.next(this.#peers.values(), (peer) => this.#thread.isIncoming(peer), now);
  }
}
