/** How a command reaches the world, and what it is about: its route, its HTTP client, its source. */
import type { Route } from '../../../shared/http-visitor.ts';
import { HttpClient } from '../../network/http-client.ts';
import { routeOf, type SessionSettings } from '../../session/settings.ts';
import { openSource, type Source } from '../../torrent/source.ts';

export interface Network {
  readonly route: Route;
  readonly http: HttpClient;
}

/** Opens the source that the user named, unless `signal` aborts; the network is closed when `work` is done, however it ends. */
export async function withSource<Result>(
  named: string,
  settings: SessionSettings,
  work: (source: Source, network: Network) => Promise<Result>,
  signal: AbortSignal | null = null,
): Promise<Result> {
  const route = routeOf(settings);
  const http = new HttpClient(route);
  try {
    return await work(await openSource(named, http, signal), { route, http });
  } finally {
    http.close();
  }
}
