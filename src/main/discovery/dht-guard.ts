/**
 * Which queries of strangers our DHT node answers, and how. A query can carry a forged sender address. So answers are small and
 * limited in number: nobody can use our node to flood a third party. The announces of one host are limited, too.
 */
import { believable, type Reach, reachOf } from '../../shared/address-rules.ts';
import {
  type BencodeDict,
  bytesField,
  encodeBencode,
  field,
  integerField,
  isDict,
} from '../../shared/bencode.ts';
import { compactIpv4, compactIpv6 } from '../../shared/compact-peers.ts';
import { addressBytes, canonicalHost } from '../../shared/ip-address.ts';
import {
  DHT_ANSWERS_PER_HOST_PER_S,
  DHT_ANSWERS_PER_S,
  DHT_PEER_AGE_MS,
  MAX_DHT_ANSWER_BYTES,
  MAX_DHT_ASKERS,
  MAX_DHT_NODES_PER_ANSWER,
  MAX_DHT_PORTS_PER_HOST,
  MAX_DHT_TRANSACTION_BYTES,
} from '../../shared/limits.ts';
import { RateLimit } from './rate-limit.ts';

/** BEP 5. We do not store values for others (BEP 44): we do not need it to find peers, and its answers are large. */
const QUERIES: ReadonlySet<string> = new Set(['ping', 'find_node', 'get_peers', 'announce_peer']);

const ID_BYTES = 20;
const NODE_BYTES = { nodes: 26, nodes6: 38 } as const;

interface Asker {
  answers: RateLimit;
  /** The ports that the host announced, and when. */
  readonly ports: Map<number, number>;
}

export class DhtGuard {
  readonly #all: RateLimit;
  /** By host; for IPv6 by its /64, because one customer has all of it. The host with the oldest query is first. */
  readonly #askers = new Map<string, Asker>();

  constructor(now: number) {
    this.#all = new RateLimit(DHT_ANSWERS_PER_S, now);
  }

  /** Whether to answer this query. Counts it. */
  admits(
    query: BencodeDict,
    from: { readonly address: string; readonly port: number },
    now: number,
  ): boolean {
    const name = Buffer.from(bytesField(query, 'q') ?? '').toString('latin1');
    if (!QUERIES.has(name)) return false;
    if ((bytesField(query, 't')?.length ?? 0) > MAX_DHT_TRANSACTION_BYTES) return false;
    const asker = this.#askerOf(from.address, now);
    if (name === 'announce_peer' && !mayAnnounce(asker, announcedPort(query, from.port), now)) return false;
    // The limit of the host comes first: a host that floods us must not use up the limit for all.
    return asker.answers.take(now) && this.#all.take(now);
  }

  /** An announce was accepted. It had a valid token, so the address is not forged. */
  announced(host: string, port: number, now: number): void {
    this.#askerOf(host, now).ports.set(port, now);
  }

  #askerOf(host: string, now: number): Asker {
    const key = networkOf(host);
    const asker = this.#askers.get(key) ?? {
      answers: new RateLimit(DHT_ANSWERS_PER_HOST_PER_S, now),
      ports: new Map<number, number>(),
    };
    this.#askers.delete(key);
    this.#askers.set(key, asker);
    for (const oldest of this.#askers.keys()) {
      if (this.#askers.size <= MAX_DHT_ASKERS) break;
      this.#askers.delete(oldest);
    }
    return asker;
  }
}

function mayAnnounce({ ports }: Asker, port: number, now: number): boolean {
  for (const [old, at] of ports) if (now - at > DHT_PEER_AGE_MS) ports.delete(old);
  return ports.has(port) || ports.size < MAX_DHT_PORTS_PER_HOST;
}

function announcedPort(query: BencodeDict, from: number): number {
  const args = field(query, 'a');
  if (!isDict(args)) return from;
  return (integerField(args, 'implied_port') ?? 0) === 0 ? (integerField(args, 'port') ?? from) : from;
}

function networkOf(host: string): string {
  const plain = canonicalHost(host);
  return plain.includes(':') ? (addressBytes(plain) ?? []).slice(0, 8).join('.') : plain;
}

/**
 * Our answer, with at most the nodes of BEP 5 and as many peers as fit. The library chooses them. Nodes and peers that are nearer
 * to us than the asking node are removed: it must not learn about our network.
 */
export function boundedAnswer(message: BencodeDict, asker: string): BencodeDict {
  const answer = field(message, 'r');
  if (!isDict(answer)) return message;
  const { values, ...rest } = answer;
  const kept: BencodeDict = { ...rest };
  const reach = reachOf(asker) ?? 'public';
  for (const [key, step] of Object.entries(NODE_BYTES)) {
    const nodes = bytesField(answer, key);
    if (nodes === undefined) continue;
    const told = entriesOf(nodes, step).filter((entry) => mayTell(entry.subarray(ID_BYTES), reach));
    kept[key] = Buffer.concat(told.slice(0, MAX_DHT_NODES_PER_ANSWER));
  }
  if (!Array.isArray(values)) return { ...message, r: kept };
  const peers: Uint8Array[] = [];
  let left = MAX_DHT_ANSWER_BYTES - encodeBencode({ ...message, r: { ...kept, values: [] } }).length;
  for (const value of values) {
    if (!(value instanceof Uint8Array) || !mayTell(value, reach)) continue;
    left -= value.length + String(value.length).length + 1;
    if (left < 0) break;
    peers.push(value);
  }
  return { ...message, r: { ...kept, values: peers } };
}

function entriesOf(bytes: Uint8Array, step: number): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / step) }, (_, i) =>
    bytes.subarray(i * step, (i + 1) * step),
  );
}

/** Whether we may tell this compact address to a node of this reach. */
function mayTell(compact: Uint8Array, reach: Reach): boolean {
  const peers = compact.length === 6 ? compactIpv4(compact) : compactIpv6(compact);
  return believable(peers, reach).length > 0;
}
