/** Web seeds in virtual time: a whole web-seed thread over virtual servers; the test plays main. */
import { Verdicts } from '../../src/main/download/verdicts.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry, lengthOfPiece } from '../../src/shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { type Sender, senderOf } from '../../src/shared/sender.ts';
import type { Evidence } from '../../src/shared/storage-messages.ts';
import type { WebSeedNews } from '../../src/shared/web-seed-messages.ts';
import { blockHashes } from './block-hashes.ts';
import { payload } from './payload.ts';
import type { Answer, Asked } from './virtual-http.ts';
import type { VirtualShard } from './virtual-shard.ts';
import { VirtualTime } from './virtual-time.ts';
import { VirtualWebSeedThread } from './virtual-web-seed-thread.ts';

const STEP_MS = 50;

export interface VirtualWebSeedsOptions {
  readonly pieceLength?: number;
  readonly files: readonly { readonly names: readonly string[]; readonly length: number }[];
  /** One for each web seed, at `http://s0.test/`, `http://s1.test/`, … */
  readonly servers: readonly Answer[];
  readonly slots?: number;
  /** Another torrent on the same thread: its servers answer for both, if they have the same names. */
  readonly with?: VirtualWebSeeds;
  /** A shard that downloads the same torrent, over the same ledger, arena and time. */
  readonly beside?: VirtualShard;
}

export class VirtualWebSeeds {
  readonly time: VirtualTime;
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly asked: Asked[] = [];
  readonly events: WebSeedNews[] = [];
  /** Pieces that failed their hash check, in order. */
  readonly failed: number[] = [];
  readonly thread: VirtualWebSeedThread;
  readonly torrent: TorrentId;
  readonly #others: readonly VirtualWebSeeds[];
  /** Each torrent has different bytes. */
  readonly #firstPiece: number;
  readonly #shard: VirtualShard | null;
  readonly #seen = new Set<FullPiece>();
  readonly #verdicts: Verdicts;

  constructor(options: VirtualWebSeedsOptions) {
    const { files, servers, beside, with: other, pieceLength = 32_768, slots = 64 } = options;
    this.#shard = beside ?? null;
    this.#others = other === undefined ? [] : [other, ...other.#others];
    this.#firstPiece = this.#others.length * 1_000;
    this.time = beside?.time ?? other?.time ?? new VirtualTime();
    this.thread = other?.thread ?? new VirtualWebSeedThread(this.time);
    let offset = 0;
    const placed = files.map(({ names, length }) => {
      offset += length;
      return { names, length, offset: offset - length, padding: false };
    });
    const g = geometry(offset, pieceLength);
    const memory = beside?.memory ?? {
      ledger: Ledger.allocate(g.pieceCount),
      arena: Arena.allocate(g, slots * g.blocksPerPiece * 16_384),
    };
    this.ledger = new Ledger(memory.ledger);
    this.arena = new Arena(memory.arena);
    if (beside !== undefined)
      beside.onConvicted = (sender, piece) => {
        beside.convicted.push(sender);
        this.#convicted(sender, piece);
      };
    this.#verdicts =
      beside?.verdicts ??
      new Verdicts(this.ledger, this.arena, {
        onConvicted: (sender, piece) => this.#convicted(sender, piece),
        onReopened: () => {},
        later: (ms, work) => {
          this.time.after(ms, work);
          return () => {};
        },
      });
    const bytes = Buffer.concat(
      Array.from({ length: g.pieceCount }, (_, i) => this.#payload(i, lengthOfPiece(g, i as PieceIndex))),
    );
    const { http } = this.thread;
    http.own({
      asked: this.asked,
      fileOf: (path) => {
        const file = placed.find(({ names }) => names.includes(path));
        return file === undefined ? null : bytes.subarray(file.offset, file.offset + file.length);
      },
    });
    for (const [i, answer] of servers.entries()) http.host(`s${i}.test`, answer);
    this.torrent = this.thread.add(
      {
        urls: servers.map((_, i) => `http://s${i}.test/`),
        files: placed,
        single: false,
        ...memory,
        maxSlots: slots,
      },
      (event) => this.events.push(event),
    );
  }

  get verified(): number {
    return this.ledger.verifiedCount;
  }

  /** `[web seed, file, reason]` of each file that a web seed cannot give. */
  get lostFiles(): [number, number, string][] {
    return this.events.flatMap((event): [number, number, string][] =>
      event.type === 'file-lost' && event.reason !== null ? [[event.seed, event.file, event.reason]] : [],
    );
  }

  /** Why each web seed has nothing left, from its last report. */
  get lostSeeds(): Map<number, string | null> {
    const lost = new Map<number, string | null>();
    for (const event of this.events) if (event.type === 'seed-lost') lost.set(event.seed, event.reason);
    return lost;
  }

  get waits(): { readonly seed: number; readonly reason: string; readonly ms: number }[] {
    return this.events.flatMap((event) => (event.type === 'seed-waits' ? [event] : []));
  }

  /** Advances time and judges pieces like main. Resolves to the time when the download was complete, or `ms`. */
  async run(ms: number, stepMs = STEP_MS): Promise<number> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      if (this.#shard === null) this.time.run(stepMs);
      else this.#shard.run(stepMs);
      for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
      for (const other of this.#others) other.#judge();
      this.#judge();
      if (this.ledger.complete) return passed + stepMs;
    }
    return ms;
  }

  networkBack(): void {
    this.thread.command({ type: 'network-back' });
  }

  /** Tells the thread to remove this torrent. */
  remove(): void {
    this.thread.command({ type: 'remove', torrent: this.torrent });
  }

  /** Ends the thread, and with it the test. */
  stop(): Promise<void> {
    return this.thread.stop();
  }

  #payload(piece: number, length: number): Uint8Array {
    return payload(this.#firstPiece + piece, 0, length);
  }

  #judge(): void {
    const told = this.events.flatMap((event) => (event.type === 'full' ? event.pieces : []));
    const news = [...told, ...(this.#shard?.full ?? [])].filter((full) => !this.#seen.has(full));
    for (const full of news) this.#seen.add(full);
    const pieces = this.#verdicts.take(news);
    if (pieces.length === 0) return;
    const good: FullPiece[] = [];
    const bad: FullPiece[] = [];
    const evidence: Evidence[] = [];
    for (const full of pieces) {
      const bytes = this.arena.pieceBytes(full.slot);
      const isGood = Buffer.compare(bytes, this.#payload(full.piece, bytes.length)) === 0;
      evidence.push({ piece: full.piece, good: isGood, blockHashes: blockHashes(bytes), leaves: null });
      (isGood ? good : bad).push(full);
    }
    for (const { piece } of good) this.ledger.verify(piece);
    this.failed.push(...bad.map(({ piece }) => piece));
    this.#verdicts.judge({
      type: 'stored',
      good,
      bad,
      evidence,
      writeBytes: 0,
      withheld: [],
      edges: [],
      isSplit: false,
      fault: null,
    });
    this.#shard?.heedVerdicts(good.map(({ piece }) => piece));
  }

  #convicted(sender: Sender, piece: PieceIndex): void {
    const culprit = senderOf(sender);
    const { torrent } = this;
    if ('webSeed' in culprit) this.thread.command({ type: 'convict', torrent, seed: culprit.webSeed, piece });
  }
}

/** Runs it to its end, or for this time, and then returns its state. */
export async function play(
  options: VirtualWebSeedsOptions,
  ms: number,
  look: (web: VirtualWebSeeds, endedAt: number) => unknown,
) {
  const web = new VirtualWebSeeds(options);
  try {
    await look(web, await web.run(ms, ms > 100_000 ? 500 : 50));
  } finally {
    await web.stop();
  }
}
