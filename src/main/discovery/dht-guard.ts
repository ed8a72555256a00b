/**
 * What strangers may ask of our DHT node, and what they get. A question can carry a forged sender address, so answers are
 * small and few: our node must not be useful to flood a third party. How much one host may announce is limited, too.
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
import { Allowance } from './allowance.ts';

/** BEP 5. Storing values for others (BEP 44) is no part of finding peers, and would make large answers. */
const QUERIES: ReadonlySet<string> = new Set(['ping', 'find_node', 'get_peers', 'announce_peer']);

const ID_BYTES = 20;
const NODE_BYTES = { nodes: 26, nodes6: 38 } as const;

interface Asker {
  answers: Allowance;
  /** Ports that it announced, and when. */
  readonly ports: Map<number, number>;
}

export class DhtGuard {
  readonly #all: Allowance;
  /** By host; for IPv6 by its /64, which one customer has. The one that was longest silent is first. */
  readonly #askers = new Map<string, Asker>();

  constructor(now: number) {
    this.#all = new Allowance(DHT_ANSWERS_PER_S, now);
  }

  /** Whether this query is answered. Counts it. */
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
    // The host's own share first: one that floods must not use up what is there for all.
    return asker.answers.take(now) && this.#all.take(now);
  }

  /** Its announce was accepted: it had the token for it, so the address is its own. */
  announced(host: string, port: number, now: number): void {
    this.#askerOf(host, now).ports.set(port, now);
  }

  #askerOf(host: string, now: number): Asker {
    const key = networkOf(host);
    const asker = this.#askers.get(key) ?? {
      answers: new Allowance(DHT_ANSWERS_PER_HOST_PER_S, now),
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
 * Our answer with no more nodes than BEP 5 has, and no more peers than fit. The library chooses them, except those that are
 * nearer to us than the asking node: it must not learn of our own network.
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

/** One compact address, to somebody as far away as that. */
function mayTell(compact: Uint8Array, reach: Reach): boolean {
  const peers = compact.length === 6 ? compactIpv4(compact) : compactIpv6(compact);
  return believable(peers, reach).length > 0;
}
