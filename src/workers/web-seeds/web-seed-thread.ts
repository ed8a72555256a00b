/**
 * The task of the one thread that fetches from web seeds: as a shard it claims pieces in the ledger and fills slots of the
 * arena, but from HTTP servers instead of peers. It stays pending until it is told to stop.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { Arena } from '../../shared/arena.ts';
import { HttpVisitor } from '../../shared/http-visitor.ts';
import type { PieceIndex, SlotIndex } from '../../shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import {
  WEB_SEED_CONNECTIONS,
  WEB_SEED_IDLE_MS,
  WEB_SEED_RUN_BYTES,
  WEB_SEED_RUN_S,
} from '../../shared/limits.ts';
import { webSeedAsSender } from '../../shared/sender.ts';
import type { WebSeedCommand, WebSeedEvent, WebSeedTask } from '../../shared/web-seed-messages.ts';
import { SlotWriter } from './slot-writer.ts';
import { WebSeed } from './web-seed.ts';

export default async function webSeedThread(task: WebSeedTask<MessagePort>): Promise<void> {
  const fetcher = new WebSeedFetcher(task);
  task.port.on('message', (command: WebSeedCommand) => fetcher.command(command));
  await fetcher.run();
  task.port.close();
}

class WebSeedFetcher {
  readonly #task: WebSeedTask<MessagePort>;
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #visitor: HttpVisitor;
  readonly #seeds: readonly WebSeed[];
  readonly #abort = new AbortController();
  readonly #told = new Set<WebSeed>();
  #slotsHeld = 0;

  constructor(task: WebSeedTask<MessagePort>) {
    this.#task = task;
    this.#ledger = new Ledger(task.ledger);
    this.#arena = new Arena(task.arena);
    this.#visitor = new HttpVisitor(task.route, task.clientName);
    this.#seeds = task.urls.map((url) => new WebSeed(url, task.files, task.single, this.#visitor));
  }

  command(command: WebSeedCommand): void {
    if (command.type === 'stop') return this.#abort.abort();
    this.#seeds[command.seed]?.drop('it sent bad data');
  }

  async run(): Promise<void> {
    setMaxListeners(0, this.#abort.signal);
    const connections = this.#seeds.flatMap((seed, i) =>
      Array.from({ length: WEB_SEED_CONNECTIONS }, (_, k) => {
        // Each begins in a part of the torrent of its own, so that they do not get in each other's way.
        const share = (i * WEB_SEED_CONNECTIONS + k) / (this.#seeds.length * WEB_SEED_CONNECTIONS);
        return this.#connection(seed, i, Math.floor(share * this.#ledger.pieceCount));
      }),
    );
    await Promise.all(connections);
    this.#visitor.close();
    this.#post({ type: 'stopped' });
  }

  async #connection(seed: WebSeed, index: number, start: number): Promise<void> {
    const { signal } = this.#abort;
    let from = start;
    // Short at first; then about as much as it sends in two seconds: a slow server must not hold much.
    let runBytes = 0;
    while (!signal.aborted && seed.lostTo === null) {
      const run = this.#claimRun(seed, from, runBytes);
      if (run === null) {
        await pause(WEB_SEED_IDLE_MS, signal);
        continue;
      }
      const begun = performance.now();
      const waitMs = await seed.fetch(run, signal);
      const seconds = (performance.now() - begun) / 1_000;
      runBytes = Math.min(WEB_SEED_RUN_BYTES, ((run.at - run.start) / seconds) * WEB_SEED_RUN_S);
      from = (run.first + run.pieces) % this.#ledger.pieceCount;
      await this.#settled(run);
      this.#post({ type: 'fetched', seed: index, bytes: seed.bytes });
      if (waitMs > 0 && seed.lostTo === null) await pause(waitMs, signal);
    }
    if (seed.lostTo === null || this.#told.has(seed)) return;
    this.#told.add(seed);
    this.#post({ type: 'seed-lost', seed: index, reason: seed.lostTo });
  }

  /** The next missing pieces in a row, from `from` on and around; null where there is none, or no slot. */
  #claimRun(seed: WebSeed, from: number, runBytes: number): SlotWriter | null {
    const { pieceCount } = this.#ledger;
    const { pieceLength } = this.#arena.geometry;
    // Towards the end runs become short, so that the last bytes come over all connections.
    const hands = 2 * this.#seeds.length * WEB_SEED_CONNECTIONS;
    const most = Math.min(
      Math.max(1, Math.floor(runBytes / pieceLength)),
      Math.ceil(this.#ledger.missingCount / hands),
      this.#task.maxSlots - this.#slotsHeld,
    );
    if (most <= 0 || this.#ledger.missingCount === 0) return null;
    for (let i = 0; i < pieceCount; i++) {
      const first = ((from + i) % pieceCount) as PieceIndex;
      if (this.#ledger.stateOf(first) !== PIECE_STATE.missing) continue;
      const slots: SlotIndex[] = [];
      for (let piece = first; slots.length < most && piece < pieceCount; piece++) {
        const slot = this.#claim(piece as PieceIndex);
        if (slot === null) break;
        slots.push(slot);
      }
      if (slots.length === 0) return null;
      this.#slotsHeld += slots.length;
      const position = this.#seeds.indexOf(seed);
      const sender = webSeedAsSender(position);
      return new SlotWriter(this.#ledger, this.#arena, this.#task.shard, sender, first, slots, (full) => {
        this.#post({ type: 'full', pieces: [full] });
        this.#post({ type: 'fetched', seed: position, bytes: seed.bytes });
      });
    }
    return null;
  }

  /** Guests may still be at work on pieces of the run: their slots are held until they are through. */
  async #settled(run: SlotWriter): Promise<void> {
    while (!run.settle() && !this.#abort.signal.aborted) await sleep(WEB_SEED_IDLE_MS);
    this.#slotsHeld -= run.pieces;
  }

  #claim(piece: PieceIndex): SlotIndex | null {
    if (!this.#ledger.claim(piece, this.#task.shard)) return null;
    const { shard } = this.#task;
    const slot = this.#arena.adopt(piece, shard) ?? this.#arena.claim(piece, shard);
    if (slot === null) this.#ledger.release(piece, this.#task.shard);
    return slot;
  }

  #post(event: WebSeedEvent): void {
    this.#task.port.postMessage(event);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
