/** Trackers of a simulated network, over HTTP and UDP: each answers, fails or is silent, by its kind. */
import type { HttpAnswer } from '../../src/main/network/http-client.ts';
import type { SessionHttp } from '../../src/main/session/session-world.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { HttpError } from '../../src/shared/http-visitor.ts';
import type { Roll } from './personas.ts';
import type { ProcessLoop } from './process-loop.ts';
import { dict, int, str } from './torrents.ts';
import type { VirtualNet } from './virtual-net.ts';

export const TRACKER_KINDS = [
  'good',
  'fails at first',
  'refuses',
  'silent',
  'garbage',
  'error status',
  'empty',
  'flood',
] as const;
export type TrackerKind = (typeof TRACKER_KINDS)[number];

export interface VirtualTracker {
  readonly kind: TrackerKind;
  readonly peers: readonly HostPort[];
  /** When a tracker of the kind `fails at first` starts to answer, in milliseconds of the run. */
  readonly untilMs: number;
}

/** What a tracker says at this moment: peers, or how it fails. */
export type TrackerAnswers = () =>
  | { readonly peers: readonly HostPort[]; readonly intervalS: number }
  | 'silent'
  | 'refuses'
  | 'garbage';

/** Addresses that one answer of a flood names. */
const FLOOD_PEERS = 200;

export class VirtualTrackers {
  readonly asked: {
    readonly host: string;
    readonly event: string;
    readonly at: number;
    readonly port: number;
  }[] = [];
  readonly #net: VirtualNet;
  readonly #roll: Roll;
  readonly #trackers = new Map<string, VirtualTracker>();

  constructor(net: VirtualNet, roll: Roll) {
    this.#net = net;
    this.#roll = roll;
  }

  add(host: string, tracker: VirtualTracker): void {
    this.#trackers.set(host, tracker);
  }

  /** How a process asks them. */
  client(process: ProcessLoop): SessionHttp {
    return { close: () => {}, get: (url, options) => this.#get(process, url, options) };
  }

  #get(
    process: ProcessLoop,
    url: string,
    { signal }: Parameters<SessionHttp['get']>[1],
  ): Promise<HttpAnswer> {
    const { hostname, searchParams } = new URL(url);
    const at = process.loop.time.now();
    const port = Number(searchParams.get('port'));
    this.asked.push({ host: hostname, event: searchParams.get('event') ?? '', at, port });
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(new HttpError('aborted'));
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      const { state } = this.#net;
      const tracker = this.#trackers.get(hostname);
      if (state === 'silent' || tracker?.kind === 'silent') return;
      const answer = state === 'up' && tracker !== undefined ? this.#answer(tracker, at) : null;
      process.after(1 + this.#roll(300), () => {
        signal.removeEventListener('abort', abort);
        if (answer === null) reject(new HttpError('no program listens there'));
        else resolve({ status: 200, headers: {}, reach: 'public', ...answer });
      });
    });
  }

  #answer(
    { kind, peers, untilMs }: VirtualTracker,
    at: number,
  ): Pick<HttpAnswer, 'body'> & Partial<HttpAnswer> {
    if (kind === 'refuses') return { body: dict({ 'failure reason': str('go away') }) };
    if (kind === 'garbage') return { body: Buffer.from('<html>') };
    if (kind === 'error status' || (kind === 'fails at first' && at < untilMs))
      return { body: Buffer.from('no'), status: 503 };
    const named = this.#named({ kind, peers });
    return { body: dict({ interval: int(this.#intervalS()), peers: str(compact(named)) }) };
  }

  /** The same tracker over UDP, which has no status: one that would send a bad one refuses. */
  overUdp({ kind, peers, untilMs }: VirtualTracker, now: () => number): TrackerAnswers {
    return () => {
      if (kind === 'silent' || (kind === 'fails at first' && now() < untilMs)) return 'silent';
      if (kind === 'refuses' || kind === 'error status') return 'refuses';
      if (kind === 'garbage') return kind;
      return { peers: this.#named({ kind, peers }), intervalS: this.#intervalS() };
    };
  }

  #intervalS(): number {
    return 60 + this.#roll(1_800);
  }

  #named({ kind, peers }: Pick<VirtualTracker, 'kind' | 'peers'>): readonly HostPort[] {
    return kind === 'flood' ? this.#flood() : kind === 'empty' ? [] : peers;
  }

  #flood(): HostPort[] {
    return Array.from({ length: FLOOD_PEERS }, () => ({
      host: `${20 + this.#roll(60)}.${this.#roll(256)}.${this.#roll(256)}.${1 + this.#roll(254)}`,
      port: 1 + this.#roll(65_000),
    }));
  }
}

export function compact(peers: readonly HostPort[]): Buffer {
  return Buffer.from(
    peers.flatMap(({ host, port }) => [...host.split('.').map(Number), port >> 8, port & 0xff]),
  );
}
