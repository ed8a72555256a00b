/**
 * Gives complete data to peers, where it is: checks what the record of an earlier run does not vouch for, and never writes to a
 * file of it. Until it is told to stop, or a goal is reached.
 */

import type { PieceIndex } from '../../shared/indices.ts';
import { Ledger } from '../../shared/ledger.ts';
import { keptPieces } from '../storage/kept-pieces.ts';
import type { SeedRecords } from '../storage/seed-record.ts';
import { SharedData } from '../storage/shared-data.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import { knownToShards } from '../torrent/known-to-shards.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { CheckWatch } from './check-watch.ts';
import { metadataEvent, swarmEvents } from './run-events.ts';
import { type GivenFigures, Seeding } from './seeding.ts';
import type { Session } from './session.ts';
import type { SeedGoals, TorrentSettings } from './settings.ts';
import { type TorrentListener, TorrentListeners } from './torrent-listener.ts';
import { type SwarmListener, TorrentSwarm } from './torrent-swarm.ts';

export interface ShareRunOptions {
  readonly metainfo: Metainfo;
  readonly plan: StoragePlan;
  readonly settings: TorrentSettings;
  readonly goals: SeedGoals;
  readonly session: Session;
  readonly records: SeedRecords;
  /** Each peer is offered one piece at a time (BEP 16). */
  readonly superSeed: boolean;
  /** Its data is checked, and peers may come. */
  readonly onReady: (findings: ShareFindings) => void;
}

/** What a share has found out about its data. */
export interface ShareFindings {
  /** Pieces that are right, and those that had to be hashed to know it. */
  readonly good: number;
  readonly hashed: number;
}

export class ShareRun {
  readonly swarm: TorrentSwarm;
  readonly #options: ShareRunOptions;
  readonly #data: SharedData;
  readonly #listeners = new TorrentListeners((error) => this.#end(error));
  readonly #over = new AbortController();
  #left: number;
  #failed: { readonly error: unknown } | null = null;
  #findings: ShareFindings = { good: 0, hashed: 0 };

  constructor(options: ShareRunOptions) {
    const { metainfo, plan, settings, session, records } = options;
    this.#options = options;
    this.#data = new SharedData(metainfo, plan, records);
    this.#left = metainfo.geometry.contentLength;
    const source = { kind: 'torrent', metainfo } as const;
    this.swarm = new TorrentSwarm({ source, session, torrent: settings }, this.#swarmListener());
  }

  subscribe(listener: Partial<TorrentListener>): () => void {
    return this.#listeners.add(listener);
  }

  /** Resolves to what was given when nothing of the run is left. Rejects with a `disk` failure, or on a bug of ours. */
  async run(signal: AbortSignal): Promise<GivenFigures> {
    const { metainfo, goals } = this.#options;
    const end = (): void => this.#over.abort();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const [swarm, bytes, listeners] = [this.swarm, metainfo.geometry.contentLength, this.#listeners];
    let seeding: Seeding | null = null;
    try {
      listeners.tell(({ onEvent }) => onEvent?.(metadataEvent(metainfo, null)));
      await this.#check();
      if (!this.#over.signal.aborted) {
        this.#options.onReady(this.#findings);
        this.#begin();
        seeding = new Seeding({
          ...{ swarm, goals, listeners, bytes },
          uploadedBefore: () => this.#data.uploadedBefore,
        });
        await seeding.run(this.#over.signal);
      }
    } finally {
      signal.removeEventListener('abort', end);
      await this.swarm.stop();
    }
    if (this.#failed !== null) throw this.#failed.error;
    const figures = seeding?.figures ?? { uploaded: 0, ratio: 0, uploadedInAll: 0, ms: 0 };
    this.#data.gave(figures.uploaded);
    listeners.tell(({ onEvent }) => onEvent?.({ type: 'seeded', ...figures }));
    return figures;
  }

  async #check(): Promise<void> {
    const { metainfo, session } = this.#options;
    const { pieceLength } = metainfo.geometry;
    const watch = new CheckWatch(session.looks.clock);
    // On a slow disk a piece takes long.
    const tell = (): void => {
      const progress = watch.progress();
      if (progress !== null) this.#listeners.tell(({ onEvent }) => onEvent?.(progress));
    };
    watch.begin();
    const endLooks = session.looks.begin({ isIdle: false, look: tell });
    const found = this.#data.check(
      session.storage,
      this.swarm.race.torrent,
      this.#over.signal,
      (done, all) => {
        watch.reached(done * pieceLength, all * pieceLength);
        tell();
      },
    );
    this.#findings = await found.finally(endLooks);
  }

  /** Peers may come from now on. */
  #begin(): void {
    const { metainfo, plan } = this.#options;
    const { geometry } = metainfo;
    const ledgerMemory = Ledger.allocate(geometry.pieceCount);
    const ledger = new Ledger(ledgerMemory);
    for (const piece of this.#data.goodPieces) ledger.verify(piece as PieceIndex);
    this.#left = this.#data.leftBytes;
    const { files, padding } = plan;
    const given = { files, padding, followLinks: true, looks: this.#data.looks, ledger: ledgerMemory };
    this.swarm.race.setTorrent({
      ...knownToShards(metainfo),
      download: null,
      given: { ...given, kept: keptPieces(plan, geometry), superSeed: this.#options.superSeed },
    });
    this.swarm.start();
  }

  #swarmListener(): SwarmListener {
    return {
      ...swarmEvents(this.#listeners, (peer) => this.swarm.race.peers.nameOf(peer)),
      progress: () => ({ downloaded: 0, left: this.#left, fetched: 0 }),
      onFirstUnchoke: () => {},
      onClosed: () => {},
      onListening: (event) => this.#listeners.tell(({ onEvent }) => onEvent?.(event)),
      onNetworkBack: () => {},
      onBug: (error) => this.#end(error),
    };
  }

  #end(error: unknown): void {
    this.#failed ??= { error };
    this.#over.abort();
  }
}
