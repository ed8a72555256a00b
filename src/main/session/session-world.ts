/**
 * Everything outside the process that a session uses: clocks and timers, random numbers, files, threads, the sockets of discovery,
 * HTTP. A simulation replaces it and runs the session in virtual time.
 */
import type { Route } from '../../shared/http-visitor.ts';
import type { Environment } from '../discovery/environment.ts';
import { REAL_ENVIRONMENT } from '../discovery/real-environment.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import { HttpClient } from '../network/http-client.ts';
import type { FindRouter } from '../network/nat/router.ts';
import type { ShardThreads } from '../pools/shard-pool.ts';
import { type StorageWorld, systemStorage } from '../pools/storage-thread.ts';
import type { WebSeedThreads } from '../pools/web-seed-pool.ts';

/** The HTTP client for trackers and other servers. */
export type SessionHttp = Pick<HttpClient, 'get' | 'close'>;

export interface SessionWorld extends MainWorld {
  readonly discovery: Environment;
  readonly storage: StorageWorld;
  readonly http: (route: Route) => SessionHttp;
  readonly findRouter: FindRouter;
  /** If left out: real threads. */
  readonly shardThreads?: ShardThreads;
  readonly webSeedThreads?: WebSeedThreads;
}

export const SYSTEM_WORLD: SessionWorld = {
  ...SYSTEM_MAIN,
  discovery: REAL_ENVIRONMENT,
  storage: systemStorage,
  http: (route) => new HttpClient(route),
  findRouter: async (signal) => (await import('../network/nat/system-router.ts')).systemRouter(signal),
};
