/**
 * The only file that loads BullMQ and its drivers: optional packages, which only `unchoke fleet` needs. It opens the queue of jobs
 * and the queues of records and names. Nobody works on these: they have small entries that all machines can read and change
 * (`records.ts`, `job-names.ts`).
 */
import type { BackendFactory, Queue, Worker } from 'bullmq';
import { FLEET_CLOCK_SKEW_MS, FLEET_CONNECT_MS } from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import { Failure } from '../failure.ts';
import { formatTime } from '../text/units.ts';
import type { QueueAddress } from './queue-address.ts';

type Bullmq = typeof import('bullmq');

export interface Queues {
  readonly jobs: Queue;
  readonly records: Queue;
  /** Apart from the records: there may be many, and the records are read each second. */
  readonly names: Queue;
  readonly bullmq: Bullmq;
  /** Null: this process takes no jobs. */
  readonly worker: Worker | null;
  close(): Promise<void>;
}

export interface WorkerWish {
  readonly lockMs: number;
  readonly onTrouble: (error: Error) => void;
}

/** Connections of one pool to PostgreSQL. */
const POOL_CONNECTIONS = 4;
/** Tries of a command that should end soon. */
const FEW_RETRIES = 2;
/** A job is never given up because machines died on it. */
const ANY_NUMBER = 1_000_000;

/**
 * `wish` null: for a command that ends soon, and fails if the server is away. A worker waits for the server later, but its first
 * connection must succeed as well. Rejects with a `queue` failure, or with a usage failure that names missing packages.
 */
export async function openQueues(address: QueueAddress, wish: WorkerWish | null): Promise<Queues> {
  const bullmq = await loaded(() => import('bullmq'), address);
  return address.kind === 'redis' ? onRedis(bullmq, address, wish) : onPostgres(bullmq, address, wish);
}

async function onRedis(bullmq: Bullmq, address: QueueAddress, wish: WorkerWish | null): Promise<Queues> {
  const { Redis } = await loaded(() => import('ioredis'), address);
  const connection = new Redis(address.url, {
    lazyConnect: true,
    connectTimeout: FLEET_CONNECT_MS,
    maxRetriesPerRequest: wish === null ? FEW_RETRIES : null,
    ...(wish === null ? { retryStrategy: (times: number) => (times > FEW_RETRIES ? null : 100) } : {}),
  });
  let trouble: Error | null = null;
  let isOpen = false;
  connection.on('error', (error: Error) => {
    trouble = error;
    if (isOpen) wish?.onTrouble(error);
  });
  try {
    await within(connection.connect().then(() => connection.ping()));
    isOpen = true;
  } catch (error) {
    connection.disconnect();
    throw away(address, trouble ?? error);
  }
  return opened(bullmq, address, wish, { connection }, bullmq.createRedisBackend, async () =>
    connection.disconnect(),
  );
}

async function onPostgres(bullmq: Bullmq, address: QueueAddress, wish: WorkerWish | null): Promise<Queues> {
  await loaded(() => import('pg'), address);
  const connection = {
    connectionString: address.url,
    connectionTimeoutMillis: FLEET_CONNECT_MS,
    max: POOL_CONNECTIONS,
    migrate: true,
  };
  const queues = await opened(
    bullmq,
    address,
    wish,
    { connection },
    bullmq.createPostgresBackend,
    async () => {},
  );
  if (wish !== null) await assertSameTime(queues, address);
  return queues;
}

/** In PostgreSQL, BullMQ decides by the clock of the machine that looks whether a lock has ended. */
async function assertSameTime(queues: Queues, address: QueueAddress): Promise<void> {
  const { connection } = queues.jobs.getBackend() as unknown as {
    readonly connection: { readonly pool: { query(text: string): Promise<{ rows: { ms: string }[] }> } };
  };
  const asked = Date.now();
  const { rows } = await connection.pool.query('select extract(epoch from clock_timestamp()) * 1000 as ms');
  const answered = Date.now();
  const skew = Number(rows[0]?.ms) - (asked + answered) / 2;
  if (Math.abs(skew) <= FLEET_CLOCK_SKEW_MS + (answered - asked) / 2) return;
  await queues.close();
  throw new Failure(
    'queue',
    `${address.host}: the clocks of this machine and of the server differ by ${formatTime(Math.abs(skew))}, and locks in PostgreSQL go by these clocks; set both by NTP`,
  );
}

async function opened<Connection>(
  bullmq: Bullmq,
  address: QueueAddress,
  wish: WorkerWish | null,
  options: { readonly connection: Connection },
  backend: unknown,
  closeConnection: () => Promise<void>,
): Promise<Queues> {
  const factory = backend as BackendFactory;
  const shared = options as { readonly connection: never };
  let isOpen = false;
  const hear = (error: Error): void => {
    if (isOpen) wish?.onTrouble(error);
  };
  // The types differ by backend, and the classes do not.
  const queue = (name: string) => new bullmq.Queue(name, shared, factory) as unknown as Queue;
  const jobs = queue(address.name);
  const records = queue(`${address.name}.fleet`);
  const names = queue(`${address.name}.names`);
  const all = [jobs, records, names];
  const worker =
    wish === null
      ? null
      : (new bullmq.Worker(
          address.name,
          null,
          {
            ...shared,
            autorun: false,
            lockDuration: wish.lockMs,
            stalledInterval: Math.round(wish.lockMs / 2),
            maxStalledCount: ANY_NUMBER,
            settings: { backoffStrategy: (_made: number, _type?: string, error?: Error) => delayIn(error) },
          },
          factory,
        ) as unknown as Worker);
  for (const one of all) one.on('error', hear);
  worker?.on('error', hear);
  const close = async (): Promise<void> => {
    await Promise.allSettled([worker?.close(true), ...all.map((one) => one.close())]);
    await closeConnection();
  };
  try {
    await within(Promise.all([...all, worker].map((one) => one?.waitUntilReady())));
  } catch (error) {
    await close();
    throw away(address, error);
  }
  isOpen = true;
  return { jobs, records, names, bullmq, worker, close };
}

/** When a failed job is tried again. It stands in the error, because BullMQ asks for it with the error. */
export class TryAgain extends Error {
  readonly afterMs: number;

  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

function delayIn(error: Error | undefined): number {
  return error instanceof TryAgain ? error.afterMs : 0;
}

async function loaded<Module>(load: () => Promise<Module>, { kind }: QueueAddress): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const driver = kind === 'redis' ? 'ioredis' : 'pg';
    throw new Failure(
      'usage',
      `unchoke fleet needs the packages bullmq and ${driver}, which are not installed here; run npm install --global bullmq@6 ${driver} (in a project: without --global)`,
      { cause: error },
    );
  }
}

/** A connection that is neither accepted nor refused. */
async function within<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('ETIMEDOUT'), { code: 'ETIMEDOUT' })),
      FLEET_CONNECT_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ETIMEDOUT: 'nothing answers there',
  ENOTFOUND: 'there is no host of this name',
};
const DENIED = /WRONGPASS|NOAUTH|NOPERM|password authentication|28P01|28000|no pg_hba/i;

/** The server does not answer, or not as it should. */
export function away({ host, kind }: QueueAddress, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const server = kind === 'redis' ? 'Redis or Valkey' : 'PostgreSQL';
  const what = DENIED.test(`${code} ${message}`)
    ? 'it does not accept this user and password; check them in --queue or UNCHOKE_QUEUE'
    : `${wordsOf(error)}; check that ${server} runs there and that --queue or UNCHOKE_QUEUE names it`;
  return new Failure('queue', `the queue at ${host}: ${what}`, { cause: error });
}

/** A refused connection may have several reasons, one for each address of the host. */
function wordsOf(error: unknown): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { readonly errors?: readonly unknown[] };
  const words = code === undefined ? undefined : WORDS[code];
  if (words !== undefined) return words;
  if (code !== undefined && /^E[A-Z]+$/.test(code)) return systemWords(code);
  return errors?.[0] === undefined ? message : wordsOf(errors[0]);
}
