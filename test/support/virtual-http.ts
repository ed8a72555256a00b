/** HTTP servers in virtual time: a test decides every answer and the rate of its body. */
import { Readable } from 'node:stream';
import { HttpError, type Visit } from '../../src/shared/http-visitor.ts';
import type { Visitor } from '../../src/workers/web-seeds/web-seed.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The client notices a broken connection after this time. */
const BREAK_MS = 100;
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
  /** After `after` bytes nothing arrives for `ms`. */
  readonly pause?: { readonly after: number; readonly ms: number; readonly onEnd: () => void };
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

/** A torrent whose files are on the servers. */
interface Owner {
  /** The file at this path; null if it does not belong to this torrent. */
  readonly fileOf: (path: string) => Uint8Array | null;
  readonly asked: Asked[];
}

export class VirtualHttp implements Visitor {
  readonly #time: Pick<VirtualTime, 'now' | 'after'>;
  readonly #begun: number;
  readonly #hosts = new Map<string, Answer>();
  readonly #owners: Owner[] = [];
  /** Bodies that are being sent, by host. */
  readonly #bodies = new Map<Readable, string>();
  #frozen = false;

  constructor(time: Pick<VirtualTime, 'now' | 'after'>) {
    this.#time = time;
    this.#begun = time.now();
  }

  /** Sets the answers of a host, for all torrents. The first call counts. */
  host(name: string, answer: Answer): void {
    if (!this.#hosts.has(name)) this.#hosts.set(name, answer);
  }

  own(owner: Owner): void {
    this.#owners.push(owner);
  }

  /** Bodies that a host is sending. */
  openAt(host: string): number {
    return [...this.#bodies.values()].filter((of) => of === host).length;
  }

  /** The host closes all its connections. */
  hangUp(host: string): void {
    for (const [body, of] of this.#bodies) if (of === host) body.destroy(new HttpError('broken'));
  }

  hangUpAll(): void {
    for (const host of new Set(this.#bodies.values())) this.hangUp(host);
  }

  /** The thread of the client is dead: nothing reaches it any more. */
  freeze(): void {
    this.#frozen = true;
  }

  async visit(url: string, visit: Visit): ReturnType<Visitor['visit']> {
    const range = /^bytes=(\d+)-(\d+)$/.exec(visit.headers?.['range'] ?? '');
    const { host, pathname } = new URL(url);
    const path = pathname.slice(1);
    const at = this.#time.now() - this.#begun;
    const asked = { url, path, from: Number(range?.[1]), to: Number(range?.[2]) + 1, at };
    const owner = this.#owners.find(({ fileOf }) => fileOf(path) !== null) ?? this.#owners[0];
    owner?.asked.push(asked);
    const reply = this.#hosts.get(host)?.(asked, owner?.fileOf(path) ?? new Uint8Array(0)) ?? 'refused';
    if (reply === 'refused') throw new HttpError('no program listens there');
    const { status = 200, headers = {}, landing = url } = reply;
    return {
      status,
      headers,
      body: this.#bodyOf(host, reply, visit),
      landing: { url: landing, namedBy: null },
    };
  }

  #bodyOf(host: string, reply: Reply, visit: Visit): Readable {
    const { body = new Uint8Array(0), rate, silent = false, pause } = reply;
    const { breaksAfter = body.length } = reply;
    const stream = new Readable({ read() {} });
    this.#bodies.set(stream, host);
    stream.once('close', () => {
      this.#bodies.delete(stream);
      visit.signal.removeEventListener('abort', abort);
    });
    const abort = (): void => void stream.destroy(new HttpError('aborted'));
    visit.signal.addEventListener('abort', abort);
    const end = Math.min(breaksAfter, body.length);
    const step = rate === undefined ? end : Math.max(1, Math.floor(rate / CHUNKS_PER_S));
    const send = (from: number): void => {
      if (stream.destroyed || this.#frozen) return;
      if (from < end) stream.push(Buffer.from(body.subarray(from, Math.min(from + step, end))));
      const next = from + step;
      const pauses = pause !== undefined && from < pause.after && next >= pause.after;
      const ms = (step * 1_000) / (rate ?? 1) + (pauses ? pause.ms : 0);
      if (pauses) this.#time.after(ms, pause.onEnd);
      if (next < end) this.#time.after(ms, () => send(next));
      // Pushed bytes are read before the break is seen.
      else if (breaksAfter < body.length)
        this.#time.after(silent ? (visit.silenceMs ?? 0) : BREAK_MS, () =>
          stream.destroy(new HttpError('broken')),
        );
      else stream.push(null);
    };
    this.#time.after(1, () => send(0));
    return stream;
  }
}
