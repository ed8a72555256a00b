/**
 * The addresses of a host name, for a caller that may lose interest. The system's own look-up (`getaddrinfo`) cannot be stopped:
 * with a dead name server it holds one of the few threads that also read and write files, and the process cannot end before it
 * does. So the hosts file and the name servers are asked first; the system only for names that these do not know.
 */
import { type LookupAddress, Resolver } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { canonicalHost, ipv4Number, isSix } from './ip-address.ts';
import { NAME_SERVER_TIMEOUT_MS, NAME_SERVER_TRIES } from './limits.ts';

/** A name that stands for no address. The message is for the user. */
export class LookUpError extends Error {
  override readonly name = 'LookUpError';
  /** No name server knows the name: it will hardly be there in a moment. */
  readonly unknown: boolean;

  constructor(code: string, options?: ErrorOptions) {
    super(`its name cannot be looked up (${code})`, options);
    this.unknown = code === 'ENOTFOUND';
  }
}

/** What the name servers say when they answer that there is no such name, or no address for it, or when there is no name server. */
const NOT_THERE = new Set(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EBADNAME', 'ENONAME']);

/** RFC 6761, 6.3: nobody is asked for these, and a hosts file often has but one of them. */
const LOCALHOST: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** True for `localhost` and every name below it. */
export function isLocalhost(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host);
}

/** An address stands for itself. Rejects with LookUpError, and at once when `signal` aborts. */
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

/** Both families at once; one of them is enough. */
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
      // Of two failures the one that may pass says more: a name is unknown only where both say so.
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
    // A run may ask for a name that nobody knows again and again.
    signal.removeEventListener('abort', abandon);
  }
}

const HOSTS_FILE =
  process.platform === 'win32'
    ? `${process.env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\drivers\\etc\\hosts`
    : '/etc/hosts';

async function hostsFileSays(host: string): Promise<readonly LookupAddress[]> {
  // Where there is none, or it cannot be read, it says nothing.
  const text = await readFile(HOSTS_FILE, 'utf8').catch(() => '');
  return hostsOf(text, host);
}

/** The addresses that a hosts file has for a name. */
export function hostsOf(text: string, host: string): LookupAddress[] {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  return text.split(/\r?\n/).flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0 || !names.some((name) => name.toLowerCase() === wanted)) return [];
    const plain = canonicalHost(address);
    return [{ address: plain, family: isIP(plain) }];
  });
}
