/**
 * Blocklists in the usual formats: P2P text (`name:first-last`), eMule's ipfilter.dat (`first - last , level , name`), and
 * CIDR or single addresses, one per line. Hundreds of thousands of ranges are common, so IPv4 ranges are sorted once and found
 * by binary search.
 */
import { readFileSync, statSync } from 'node:fs';
import { BlockList, isIPv6 } from 'node:net';
import { diskPath } from '../../shared/byte-name.ts';
import { canonicalHost, ipv4Number } from '../../shared/ip-address.ts';
import { MAX_BLOCKLIST_BYTES } from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import { BadOption, Failure } from '../failure.ts';

/** eMule allows addresses of this level and above. */
const ALLOWED_LEVEL = 128;

interface Range {
  readonly first: number;
  readonly last: number;
}

export class Blocklist {
  /** Sorted, without overlaps. */
  readonly #ranges: readonly Range[];
  readonly #six: BlockList;

  constructor(ranges: readonly Range[], six: BlockList) {
    this.#ranges = merged(ranges);
    this.#six = six;
  }

  /** Number of IPv4 ranges after overlapping ones are merged. */
  get size(): number {
    return this.#ranges.length;
  }

  blocks(host: string): boolean {
    const plain = canonicalHost(host);
    const address = ipv4Number(plain);
    if (address === null) return isIPv6(plain) && this.#six.check(plain, 'ipv6');
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const { first, last } = this.#ranges[middle] as Range;
      if (address < first) high = middle - 1;
      else if (address > last) low = middle + 1;
      else return true;
    }
    return false;
  }
}

/** Reads a list. Throws a usage failure that names the option, the file and the invalid line. */
export function readBlocklist(path: string, option: string): Blocklist {
  let text: string;
  try {
    const { size } = statSync(diskPath(path));
    if (size > MAX_BLOCKLIST_BYTES)
      throw new BadOption(option, `${path}: larger than ${MAX_BLOCKLIST_BYTES} bytes`);
    text = readFileSync(diskPath(path), 'utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new BadOption(option, `${path}: ${systemWords(error)}`, { cause: error });
  }
  return parseBlocklist(text, option, path);
}

/** `option` and `path` are named in the usage failure for a line in none of the formats. */
export function parseBlocklist(text: string, option: string, path: string): Blocklist {
  const ranges: Range[] = [];
  const six = new BlockList();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#') || entry.startsWith('//')) continue;
    if (!addEntry(entry, ranges, six))
      throw new BadOption(
        option,
        `${path}, line ${i + 1}: ${JSON.stringify(entry.slice(0, 60))} is not a range of addresses`,
      );
  }
  return new Blocklist(ranges, six);
}

function addEntry(entry: string, ranges: Range[], six: BlockList): boolean {
  const span = /(?:^|:)\s*([\d.]+)\s*-\s*([\d.]+)\s*(?:,\s*(\d+)\s*(?:,.*)?)?$/.exec(entry);
  if (span !== null) {
    const [first, last] = [listed(span[1] as string), listed(span[2] as string)];
    if (first === null || last === null || last < first) return false;
    if (span[3] === undefined || Number(span[3]) < ALLOWED_LEVEL) ranges.push({ first, last });
    return true;
  }
  const [network = '', prefix] = entry.split('/');
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return false;
  if (isIPv6(network)) {
    const bits = Number(prefix ?? 128);
    if (bits > 128) return false;
    six.addSubnet(network, bits, 'ipv6');
    return true;
  }
  const address = listed(network);
  const bits = Number(prefix ?? 32);
  if (address === null || bits > 32) return false;
  const size = 2 ** (32 - bits);
  const first = Math.floor(address / size) * size;
  ranges.push({ first, last: first + size - 1 });
  return true;
}

/** Some lists write `001.002.003.004`. */
function listed(text: string): number | null {
  return ipv4Number(text.replace(/\b0+(?=\d)/g, ''));
}

function merged(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  const joined: { first: number; last: number }[] = [];
  for (const { first, last } of sorted) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else joined.push({ first, last });
  }
  return joined;
}
