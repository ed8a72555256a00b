/** The URL of a queue. Its password is shown nowhere. */
import { BadOption } from '../failure.ts';
import { typedUrl } from '../text/foreign-text.ts';

export interface QueueAddress {
  readonly kind: 'redis' | 'postgres';
  /** For a client. */
  readonly url: string;
  /** `HOST:PORT`. */
  readonly host: string;
  readonly name: string;
}

const KINDS: Readonly<
  Record<string, { readonly kind: QueueAddress['kind']; readonly scheme: string; readonly port: number }>
> = {
  'redis:': { kind: 'redis', scheme: 'redis:', port: 6_379 },
  'rediss:': { kind: 'redis', scheme: 'rediss:', port: 6_379 },
  'valkey:': { kind: 'redis', scheme: 'redis:', port: 6_379 },
  'valkeys:': { kind: 'redis', scheme: 'rediss:', port: 6_379 },
  'postgres:': { kind: 'postgres', scheme: 'postgres:', port: 5_432 },
  'postgresql:': { kind: 'postgres', scheme: 'postgres:', port: 5_432 },
};

/** A colon divides the keys of BullMQ. */
const NAME = /^[\w.-]{1,100}$/;

/** `url`: undefined if the user gave none. Throws a usage failure. */
export function queueAddress(url: string | undefined, name: string): QueueAddress {
  if (url === undefined)
    throw new BadOption(
      '--queue',
      'is missing; give the URL of a Redis, Valkey or PostgreSQL server, or set UNCHOKE_QUEUE',
    );
  if (!NAME.test(name))
    throw new BadOption(
      '--queue-name',
      `${name}: not a name of letters, digits, dots, dashes and underscores`,
    );
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const known = KINDS[parsed?.protocol ?? ''];
  if (parsed === null || known === undefined || parsed.hostname === '')
    throw new BadOption(
      '--queue',
      `${typedUrl(url)}: not redis://HOST:PORT or postgres://USER:PASSWORD@HOST:PORT/DATABASE`,
    );
  const { kind, scheme, port } = known;
  return {
    kind,
    url: `${scheme}${url.slice(parsed.protocol.length)}`,
    host: `${parsed.hostname}:${parsed.port === '' ? port : parsed.port}`,
    name,
  };
}
