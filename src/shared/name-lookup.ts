/**
 * The addresses of a host name, for a caller that may cancel. The system's look-up (`getaddrinfo`) cannot be cancelled: with a
 * dead name server it blocks one of the few threads that also read and write files, and the process cannot end before it
 * returns. So the hosts file and the name servers are asked first, and the system only for names that these do not know.
 */
import { type LookupAddress, Resolver } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { canonicalHost, ipv4Number, isSix } from './ip-address.ts';
import { NAME_SERVER_TIMEOUT_MS, NAME_SERVER_TRIES } from './limits.ts';
import { lookUpWords } from './network-words.ts';

/** A name without an address. The message is for the user. */
export class LookUpError extends Error {
  override readonly name = 'LookUpError';
  /** No name server knows the name: a retry will hardly help. */
  readonly unknown: boolean;

  constructor(code: string, options?: ErrorOptions) {
    super(lookUpWords(code), options);
    this.unknown = code === 'ENOTFOUND';
  }
}

/** Errors of name servers that mean: the name does not exist, it has no address, or there is no name server. */
const NOT_THERE = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EBADNAME', 'ENONAME']);

/** RFC 6761, 6.3: no server is asked for these names, and a hosts file often has only one of them. */
const LOCALHOST: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** True for `localhost` and every name below it. */
export function isLocalhost(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host);
}

/** An address is returned as it is. Rejects with LookUpError, at once when `signal` aborts. */
export async function lookUp(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
  if (ipv4Number(host) !== null) return [{ address: host, family: 4 }];
  if (isSix(host)) return [{ address: host, family: 6 }];
  if (isLocalhost(host)) return LOCALHOST;
  const listed = await hostsFileSays(host);
  if (listed.length > 0) return listed;
  try {
    return await nameServersSay(host, signal);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (signal.aborted || !NOT_THERE.has(code)) throw new LookUpError(code, { cause: error });
    return systemSays(host, signal);
  }
}

/** Asks for both families at once; one answer is enough. */
function nameServersSay(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
  const resolver = new Resolver({ timeout: NAME_SERVER_TIMEOUT_MS, tries: NAME_SERVER_TRIES });
  return new Promise((resolve, reject) => {
    const answers = new Map<4 | 6, NodeJS.ErrnoException | readonly string[]>();
    const abort = (): void => {
      resolver.cancel();
      reject(Object.assign(new Error('abandoned'), { code: 'abandoned' }));
    };
    const take = (family: 4 | 6, error: NodeJS.ErrnoException | null, addresses: readonly string[]): void => {
      answers.set(family, error ?? addresses);
      const [four, six] = [answers.get(4), answers.get(6)];
      if (four === undefined || six === undefined) return;
      signal.removeEventListener('abort', abort);
      const found = [...addressesOf(four, 4), ...addressesOf(six, 6)];
      if (found.length > 0) resolve(found);
      // Of two failures, the temporary one counts: a name is unknown only if both say so.
      else
        reject(
          [four, six].find((answer) => answer instanceof Error && !NOT_THERE.has(answer.code ?? '')) ?? four,
        );
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    resolver.resolve4(host, (error, addresses) => take(4, error, addresses));
    resolver.resolve6(host, (error, addresses) => take(6, error, addresses));
  });
}

function addressesOf(answer: Error | readonly string[], family: 4 | 6): LookupAddress[] {
  return answer instanceof Error ? [] : answer.map((address) => ({ address, family }));
}

async function systemSays(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
  let abandon = (): void => {};
  const abandoned = new Promise<never>((_, reject) => {
    abandon = () => reject(new LookUpError('abandoned'));
  });
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return await Promise.race([lookup(host, { all: true }), abandoned]);
  } catch (error) {
    if (error instanceof LookUpError) throw error;
    throw new LookUpError((error as NodeJS.ErrnoException).code ?? String(error), { cause: error });
  } finally {
    // A run may ask again and again for a name that no server knows.
    signal.removeEventListener('abort', abandon);
  }
}

const HOSTS_FILE =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';

async function hostsFileSays(host: string): Promise<readonly LookupAddress[]> {
  // A missing or unreadable file has no entries.
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '');
  return hostsOf(text, host);
}

/** The addresses of a name in a hosts file. */
export function hostsOf(text: string, host: string): LookupAddress[] {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  return text.split(/\r?\n/).flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0 || !names.some((name) => name.toLowerCase() === wanted)) return [];
    const plain = canonicalHost(address);
    return [{ address: plain, family: isIP(plain) }];
  });
}
