/** Web seeds in virtual time: the test decides every answer of a server, and plays main. */
import { Readable } from 'node:stream';
import { Verdicts } from '../../src/main/download/verdicts.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry, lengthOfPiece } from '../../src/shared/geometry.ts';
import { HttpError, type Visit } from '../../src/shared/http-visitor.ts';
import { type PieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { type Sender, senderOf } from '../../src/shared/sender.ts';
import type { Evidence } from '../../src/shared/storage-messages.ts';
import type { WebSeedEvent } from '../../src/shared/web-seed-messages.ts';
import { WebSeedFetcher } from '../../src/workers/web-seeds/web-seed-fetcher.ts';
import { blockHashes } from './block-hashes.ts';
import { payload } from './payload.ts';
import type { VirtualShard } from './virtual-shard.ts';
import { VirtualTime } from './virtual-time.ts';

/** Real clocks do not begin at zero either. */
const EPOCH_MS = 10_000_000;
const STEP_MS = 50;
/** Bytes that a server with a rate sends at once. */
const CHUNKS_PER_S = 20;

export interface Asked {
  readonly url: string;
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Milliseconds since the start. */
  readonly at: number;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes per second; without it, at once. */
  readonly rate?: number;
  /** The connection breaks after this many bytes. */
  readonly breaksAfter?: number;
  /** It does not break then, but sends nothing more. */
  readonly silent?: boolean;
  /** The target of redirects. */
  readonly landing?: string;
}

export type Answer = (asked: Asked, file: Uint8Array) => Reply | 'refused';

/** The requested range, as good servers send it. */
export const right = ({ from, to }: Asked, file: Uint8Array): Reply => ({
  status: 206,
  headers: {
    'content-range': `bytes ${from}-${to - 1}/${file.length}`,
    'content-length': String(to - from),
  },
  body: file.subarray(from, to),
});

export const notThere: Answer = () => ({ status: 404 });

export interface VirtualWebSeedsOptions {
  readonly pieceLength?: number;
  readonly files: readonly { readonly names: readonly string[]; readonly length: number }[];
  /** One for each web seed, at `http://s0.test/`, `http://s1.test/`, … */
  readonly servers: readonly Answer[];
  readonly slots?: number;
  /** A shard that downloads the same torrent, over the same ledger, arena and time. */
  readonly beside?: VirtualShard;
}

export class VirtualWebSeeds {
  readonly time: VirtualTime;
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly asked: Asked[] = [];
  readonly events: WebSeedEvent[] = [];
  /** Pieces that failed their hash check, in order. */
  readonly failed: number[] = [];
  readonly #fetcher: WebSeedFetcher;
  readonly #shard: VirtualShard | null;
  readonly #seen = new Set<FullPiece>();
  readonly #verdicts: Verdicts;
  readonly #begun: number;
  readonly #done: Promise<void>;

  constructor({ files, servers, beside, pieceLength = 32_768, slots = 64 }: VirtualWebSeedsOptions) {
    this.#shard = beside ?? null;
    this.time = beside?.time ?? new VirtualTime();
    this.#begun = this.time.now();
    let offset = 0;
    const placed = files.map(({ names, length }) => {
      offset += length;
      return { names, length, offset: offset - length, padding: false };
    });
    const g = geometry(offset, pieceLength);
    this.ledger = beside?.ledger ?? new Ledger(Ledger.allocate(g.pieceCount));
    this.arena = beside?.arena ?? new Arena(Arena.allocate(g, slots * g.blocksPerPiece * 16_384));
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
        later: this.time.after,
      });
    const bytes = Buffer.concat(
      Array.from({ length: g.pieceCount }, (_, i) => payload(i, 0, lengthOfPiece(g, i as PieceIndex))),
    );
    const contents = placed.map((file) => bytes.subarray(file.offset, file.offset + file.length));
    const fileOf = (path: string): Uint8Array =>
      contents[placed.findIndex(({ names }) => names.includes(path))] ?? new Uint8Array(0);
    this.#fetcher = new WebSeedFetcher({
      shard: shardId(0x7f_0000),
      urls: servers.map((_, i) => `http://s${i}.test/`),
      files: placed,
      single: false,
      ledger: this.ledger,
      arena: this.arena,
      maxSlots: slots,
      clock: () => EPOCH_MS + this.time.now(),
      sleep: (ms) => new Promise<void>((resolve) => this.time.after(ms, resolve)),
      post: (event) => this.events.push(event),
      visitor: {
        visit: async (url, visit) => {
          const range = /^bytes=(\d+)-(\d+)$/.exec(visit.headers?.['range'] ?? '');
          const path = new URL(url).pathname.slice(1);
          const at = this.time.now() - this.#begun;
          const asked = { url, path, from: Number(range?.[1]), to: Number(range?.[2]) + 1, at };
          this.asked.push(asked);
          const answer = servers[Number(/^s(\d+)/.exec(new URL(url).host)?.[1])];
          const reply = answer?.(asked, fileOf(path)) ?? 'refused';
          if (reply === 'refused') throw new HttpError('no program listens there');
          const { status = 200, headers = {}, landing = url } = reply;
          return {
            status,
            headers,
            body: this.#bodyOf(reply, visit),
            landing: { url: landing, namedBy: null },
          };
        },
      },
    });
    this.#done = this.#fetcher.run();
  }

  get verified(): number {
    return this.ledger.verifiedCount;
  }

  /** `[web seed, file, reason]` of each file that a web seed cannot give. */
  get lostFiles(): [number, number, string][] {
    return this.events.flatMap((event): [number, number, string][] =>
      event.type === 'file-lost' ? [[event.seed, event.file, event.reason]] : [],
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
      this.#judge();
      if (this.ledger.complete) return passed + stepMs;
    }
    return ms;
  }

  networkBack(): void {
    this.#fetcher.command({ type: 'network-back' });
  }

  /** Ends the fetcher and the test: nothing of it keeps running. */
  async stop(): Promise<void> {
    this.#fetcher.command({ type: 'stop' });
    let ended = false;
    const done = this.#done.then(() => {
      ended = true;
    });
    while (!ended) {
      this.time.run(STEP_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
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
      const isGood = Buffer.compare(bytes, payload(full.piece, 0, bytes.length)) === 0;
      evidence.push({ piece: full.piece, good: isGood, blockHashes: blockHashes(bytes) });
      (isGood ? good : bad).push(full);
    }
    for (const { piece } of good) this.ledger.verify(piece);
    this.failed.push(...bad.map(({ piece }) => piece));
    this.#verdicts.judge({ type: 'stored', good, bad, evidence, writeBytes: 0, withheld: [], fault: null });
    this.#shard?.heedVerdicts(good.map(({ piece }) => piece));
  }

  #convicted(sender: Sender, piece: PieceIndex): void {
    const culprit = senderOf(sender);
    if ('webSeed' in culprit) this.#fetcher.command({ type: 'convict', seed: culprit.webSeed, piece });
  }

  #bodyOf(reply: Reply, visit: Visit): Readable {
    const { body = new Uint8Array(0), rate, silent = false } = reply;
    const { breaksAfter = body.length } = reply;
    const stream = new Readable({ read() {} });
    visit.signal.addEventListener('abort', () => stream.destroy(new HttpError('aborted')), { once: true });
    const end = Math.min(breaksAfter, body.length);
    const step = rate === undefined ? end : Math.max(1, Math.floor(rate / CHUNKS_PER_S));
    const send = (from: number): void => {
      if (stream.destroyed) return;
      if (from < end) stream.push(Buffer.from(body.subarray(from, Math.min(from + step, end))));
      const next = from + step;
      if (next < end) this.time.after((step * 1_000) / (rate ?? 1), () => send(next));
      // Pushed bytes are read before the break is seen.
      else if (breaksAfter < body.length)
        this.time.after(silent ? (visit.silenceMs ?? 0) : 2 * STEP_MS, () =>
          stream.destroy(new HttpError('broken')),
        );
      else stream.push(null);
    };
    this.time.after(1, () => send(0));
    return stream;
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
