/** The library's session: many torrents that share threads, port, DHT node, peers and memory. */
import { setMaxListeners } from 'node:events';
import { Failure } from '../failure.ts';
import { keysOf, namesOf, type PlainFiles, type Source } from '../torrent/source.ts';
import { checkedSettings, type OpenSettings } from './checked-settings.ts';
import { openTorrent, type TorrentSource } from './download-source.ts';
import { Session as SharedSession } from './session.ts';
import { plainFilesOf, shardsFor } from './settings.ts';
import { SessionTorrent } from './torrent.ts';
import type { Torrent } from './torrent-api.ts';

/** Options of the session. They are also the defaults of its torrents. Names and units are those of the command line. */
export type SessionOptions = Readonly<Partial<OpenSettings>>;

export interface TorrentOptions
  extends Readonly<
    Partial<
      Pick<
        OpenSettings,
        | 'output'
        | 'select'
        | 'sequential'
        | 'overwrite'
        | 'part'
        | 'preallocate'
        | 'reuse'
        | 'strategy'
        | 'keep'
        | 'peers'
        | 'tracker'
        | 'firstUnchokeTimeout'
        | 'idleTimeout'
        | 'saveTorrent'
        | 'seed'
      >
    >
  > {
  /** Ends the wait for the source, for example for a URL that does not answer. */
  readonly signal?: AbortSignal;
}

const CLOSED = 'the session is closed';

export class Session {
  readonly #given: SessionOptions;
  readonly #shared: SharedSession;
  readonly #torrents = new Map<string, SessionTorrent>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | null = null;

  /** Opens nothing yet. Throws a `usage` failure that names the option. */
  constructor(options: SessionOptions = {}) {
    const settings = checkedSettings(options);
    // The session has read the blocklist for all torrents.
    this.#given = { ...options, blocklist: null };
    setMaxListeners(0, this.#closing.signal);
    const shards = shardsFor(settings, settings);
    this.#shared = new SharedSession({ ...settings, shards }, { downloads: true, torrents: 0 });
  }

  /** The torrents that were not removed, including complete and failed ones. */
  get torrents(): readonly Torrent[] {
    return [...new Set(this.#torrents.values())];
  }

  /**
   * Starts a download. Rejects with a `Failure`: `bad-torrent`; `usage` if the session already has the torrent; `interrupted` by
   * `signal` or `close`. A magnet link may have one of the two hashes of a hybrid (BEP 52). So it may turn out later that the session has
   * the torrent twice: then the one that does not know it yet fails with `usage`.
   */
  async add(source: TorrentSource, { signal, ...options }: TorrentOptions = {}): Promise<Torrent> {
    const settings = checkedSettings(this.#given, options);
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new Failure('usage', 'signal: this must be an AbortSignal');
    const opened = await this.#open(source, signal ?? null, plainFilesOf(settings));
    if (this.#othersOf(opened).length > 0) throw isThere(opened);
    const torrent: SessionTorrent = new SessionTorrent(opened, settings, this.#shared, {
      onKnown: (source) => {
        // A hybrid may have been added by each of its two hashes. The one that knows it first goes on.
        for (const other of this.#othersOf(source)) if (other !== torrent) void other.end(isThere(source));
        this.#name(torrent, source);
      },
      onRemoved: () => {
        // After a failure, the same torrent may have been added again meanwhile.
        for (const [key, one] of this.#torrents) if (one === torrent) this.#torrents.delete(key);
      },
    });
    this.#name(torrent, opened);
    // Starts in a later turn, so that the program can add a listener before the first event.
    setImmediate(() => torrent.begin());
    return torrent;
  }

  /** Those with one of its names that are not over. */
  #othersOf(source: Source): SessionTorrent[] {
    const named = keysOf(source).map((key) => this.#torrents.get(key));
    return [...new Set(named)].filter((one) => one !== undefined).filter((one) => !isOver(one));
  }

  #name(torrent: SessionTorrent, source: Source): void {
    for (const key of keysOf(source)) this.#torrents.set(key, torrent);
  }

  async #open(source: TorrentSource, signal: AbortSignal | null, plain: PlainFiles | null): Promise<Source> {
    const wait = new AbortController();
    const end = (): void => wait.abort(this.#closing.signal.aborted ? CLOSED : signal?.reason);
    // Many sources may share one signal, and from the eleventh listener on Node 20 writes a warning to stderr.
    if (signal !== null) setMaxListeners(0, signal);
    signal?.addEventListener('abort', end);
    this.#closing.signal.addEventListener('abort', end);
    if (signal?.aborted === true || this.#closing.signal.aborted) end();
    try {
      const opened = await openTorrent(source, this.#shared.http, wait.signal, plain);
      // A source in memory or on disk is read without a look at the signal.
      wait.signal.throwIfAborted();
      return opened;
    } catch (error) {
      if (!wait.signal.aborted) throw error;
      const what = wait.signal.reason === CLOSED ? CLOSED : 'the signal ended the wait for the source';
      throw new Failure('interrupted', what, { cause: wait.signal.reason });
    } finally {
      signal?.removeEventListener('abort', end);
      this.#closing.signal.removeEventListener('abort', end);
    }
  }

  /** Removes all torrents and ends all threads. May be called more than once. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.torrents.map((torrent) => torrent.remove()));
    await this.#shared.close();
  }
}

function isThere(source: Source): Failure {
  return new Failure('usage', `the torrent ${namesOf(source).infoHash} is in the session already`);
}

function isOver({ state }: Torrent): boolean {
  return state === 'complete' || state === 'failed' || state === 'removed';
}
