/**
 * The DHT over IPv6 (BEP 32) for a library that knows only IPv4. For the library each IPv6 address is an address in 240.0.0.0/4,
 * which nobody uses. Outgoing messages get the real addresses; incoming messages get the stand-ins.
 */
import { type BencodeDict, bytesField, encodeBencode, field, isDict } from '../../shared/bencode.ts';
import { addressBytes, canonicalHost } from '../../shared/ip-address.ts';
import { MAX_DHT_STAND_INS } from '../../shared/limits.ts';

const ID_BYTES = 20;
const PORT_BYTES = 2;
const FOUR_BYTES = 4;
const SIX_BYTES = 16;
const FIRST_STAND_IN = 0xf000_0000;
const STAND_INS = 0x1000_0000;
/** BEP 32: we want nodes with IPv6 addresses. */
const WANT = [Buffer.from('n6')];

export class SixAsFour {
  readonly #standIns = new Map<string, string>();
  readonly #real = new Map<string, string>();
  #made = 0;

  /** The stand-in for an IPv6 address. Strangers can name any number, so only the most recently used ones are kept. */
  standInOf(host: string): string {
    const plain = canonicalHost(host);
    const known = this.#standIns.get(plain);
    if (known !== undefined) {
      this.#standIns.delete(plain);
      this.#standIns.set(plain, known);
      return known;
    }
    const number = FIRST_STAND_IN + (this.#made++ % STAND_INS);
    const standIn = [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff].join('.');
    this.#standIns.set(plain, standIn);
    this.#real.set(standIn, plain);
    for (const [oldest, its] of this.#standIns) {
      if (this.#standIns.size <= MAX_DHT_STAND_INS) break;
      this.#standIns.delete(oldest);
      this.#real.delete(its);
    }
    return standIn;
  }

  /** The real address of a stand-in; undefined if it is no stand-in. */
  realOf(standIn: string): string | undefined {
    return this.#real.get(standIn);
  }

  /** An outgoing message of the library. */
  outgoing(message: BencodeDict): BencodeDict {
    const query = field(message, 'a');
    if (isDict(query)) return { ...message, a: { ...query, want: WANT } };
    const answer = field(message, 'r');
    if (!isDict(answer)) return message;
    const { nodes, values, ...rest } = answer;
    return {
      ...message,
      r: {
        ...rest,
        ...(nodes instanceof Uint8Array ? { nodes6: this.#exchanged(nodes, ID_BYTES, 'to six') } : {}),
        ...(Array.isArray(values) ? { values: this.#all(values, FOUR_BYTES, 'to six') } : {}),
      },
    };
  }

  /** An incoming message, as the library reads it. */
  incoming(message: BencodeDict): Uint8Array {
    const answer = field(message, 'r');
    if (!isDict(answer)) return encodeBencode(message);
    const { nodes: _, nodes6: __, values, ...rest } = answer;
    const nodes = bytesField(answer, 'nodes6');
    return encodeBencode({
      ...message,
      r: {
        ...rest,
        ...(nodes === undefined ? {} : { nodes: this.#exchanged(nodes, ID_BYTES, 'to four') }),
        ...(Array.isArray(values) ? { values: this.#all(values, SIX_BYTES, 'to four') } : {}),
      },
    });
  }

  /** Compact peers, each a separate string. Addresses of the other family are left out. */
  #all(values: readonly unknown[], addressLength: number, to: 'to four' | 'to six'): Uint8Array[] {
    return values
      .filter((value) => value instanceof Uint8Array)
      .filter(({ length }) => length === addressLength + PORT_BYTES)
      .map((value) => this.#exchanged(value, 0, to))
      .filter(({ length }) => length > 0);
  }

  /** Compact nodes or peers with the addresses of the other family. Entries without such an address are left out. */
  #exchanged(entries: Uint8Array, idLength: number, to: 'to four' | 'to six'): Uint8Array {
    const addressLength = to === 'to six' ? FOUR_BYTES : SIX_BYTES;
    const step = idLength + addressLength + PORT_BYTES;
    const out: Uint8Array[] = [];
    for (let at = 0; at + step <= entries.length; at += step) {
      const address = entries.subarray(at + idLength, at + idLength + addressLength);
      const host = to === 'to six' ? this.realOf(address.join('.')) : this.standInOf(written(address));
      const other = host === undefined ? null : addressBytes(host);
      if (other === null) continue;
      const port = entries.subarray(at + step - PORT_BYTES, at + step);
      out.push(entries.subarray(at, at + idLength), Uint8Array.from(other), port);
    }
    return Buffer.concat(out);
  }
}

function written(six: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < six.length; i += 2)
    groups.push((((six[i] ?? 0) << 8) | (six[i + 1] ?? 0)).toString(16));
  return groups.join(':');
}
