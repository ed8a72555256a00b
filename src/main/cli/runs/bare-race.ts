/** A race without a download, for the commands that download nothing: from the source to the end of the race. */

import { monotonicMs } from '../../../shared/clock.ts';
import { LivedClock } from '../../../shared/lived-clock.ts';
import { TrackerLog } from '../../doctor/tracker-log.ts';
import type { Session } from '../../session/session.ts';
import { TorrentSwarm } from '../../session/torrent-swarm.ts';
import { fittedTo } from '../../text/columns.ts';
import { formatDuration } from '../../text/units.ts';
import { knownToShards } from '../../torrent/known-to-shards.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Source } from '../../torrent/source.ts';
import type { Console } from '../output/console.ts';
import { tellPeers } from '../output/peer-lines.ts';
import { peersText } from '../output/peers-text.ts';
import type { RunSettings } from '../settings-from-flags.ts';
import { Interrupt } from './interrupt.ts';
import { listenerFor } from './swarm-listener.ts';

/** How often to check whether the race is over. */
const LOOK_MS = 50;

export interface BareRaceOptions {
  readonly source: Source;
  readonly settings: RunSettings;
  readonly session: Session;
  readonly console: Console;
  /** Peers must also send the hashes of pieces that it lacks (BEP 52): a download would need them. */
  readonly needsHashes: boolean;
  /** Called again and again; `ms` since the start of the run, without the time in which the process was suspended. */
  readonly isOver: (swarm: TorrentSwarm, ms: number) => boolean;
  /** How long it may still take, in words; `ms` as for `isOver`. */
  readonly countdown?: (ms: number) => string;
}

export class BareRace {
  readonly swarm: TorrentSwarm;
  readonly trackers = new TrackerLog();
  readonly #options: BareRaceOptions;
  readonly #bugs: unknown[] = [];

  constructor(options: BareRaceOptions) {
    this.#options = options;
    const { source, settings, session, console } = options;
    const { torrent } = settings;
    const listener = listenerFor(console, (error) => this.#bugs.push(error));
    this.swarm = new TorrentSwarm(
      { source, session, torrent },
      {
        ...listener,
        onNews: (news) => {
          this.trackers.hear(news);
          listener.onNews(news);
        },
        onFirstUnchoke: ({ peer, shard }, ms) => {
          const name = this.swarm.race.peers.nameOf(peer);
          console.event({ type: 'first-unchoke', ms, peer: name, shard });
          console.news(`first unchoke after ${formatDuration(ms)} from ${name}`);
        },
      },
    );
    tellPeers(this.swarm.race, console);
  }

  /** Resolves when the race is over: true if the user ended it. Nothing changes then until `stop`. Rejects with a bug of ours. */
  async untilOver(): Promise<boolean> {
    const { console, needsHashes } = this.#options;
    const { race } = this.swarm;
    const begin = (metainfo: Metainfo): void =>
      race.setTorrent({ ...knownToShards(metainfo), download: null, given: null });
    const known = this.swarm.torrent((metainfo) => {
      const { name, infoHash } = metainfo;
      console.event({ type: 'metadata', name, infoHash: Buffer.from(infoHash).toString('hex') });
      if (!needsHashes) begin(metainfo);
    });
    known.then(
      (metainfo) => {
        if (needsHashes) begin(metainfo);
      },
      (error: unknown) => this.#bugs.push(error),
    );
    this.swarm.start();
    return this.#over();
  }

  async stop(): Promise<void> {
    await this.swarm.stop();
    if (this.#bugs.length > 0) throw this.#bugs[0];
  }

  #over(): Promise<boolean> {
    const { console, isOver, countdown } = this.#options;
    const { race } = this.swarm;
    const clock = new LivedClock(monotonicMs);
    const begun = clock.now();
    let toldAt = begun;
    return new Promise((resolve) => {
      const finish = (interrupted: boolean): void => {
        clearInterval(timer);
        interrupt.release();
        resolve(interrupted);
      };
      const interrupt = new Interrupt(() => finish(true));
      const timer = setInterval(() => {
        const now = clock.now();
        if (this.#bugs.length > 0 || isOver(this.swarm, now - begun)) return finish(false);
        if (now - toldAt < console.progressMs) return;
        toldAt = now;
        const totals = race.totals;
        const hasBegun = race.firsts.ttfuMs !== null;
        const peers = peersText({ known: race.peers.size, peers: totals, rate: null, hasBegun });
        const lines = [...(countdown === undefined ? [] : [countdown(now - begun)]), peers];
        console.progress(lines.join('  '), { phase: 'racing', step: Number(hasBegun) }, ({ columns }) =>
          lines.map((line) => fittedTo(line, columns - 1)),
        );
        console.event({ type: 'progress', known: race.peers.size, ...totals });
      }, LOOK_MS);
    });
  }
}

/** The result of every known peer is certain, and no source is still searching. */
export function isSettled({ race, discovery }: TorrentSwarm): boolean {
  if (race.peers.size === 0) return !discovery.hopeful;
  return race.peers.allSettled && !discovery.searching;
}
