/** The servers that web seeds of any torrent are on. One that wants to be left alone is remembered after its last torrent left. */
import { MAX_HTTP_ORIGINS } from '../../shared/limits.ts';
import { Server } from './server.ts';
import { ServerUse } from './server-use.ts';

export class Servers {
  readonly #byOrigin = new Map<string, Server>();

  get size(): number {
    return this.#byOrigin.size;
  }

  /** A torrent begins to use the servers of these URLs; one for each URL, the same where the server is the same. */
  use(urls: readonly string[]): ServerUse[] {
    const uses = new Map<string, ServerUse>();
    return urls.map((url) => {
      const { origin } = new URL(url);
      const server = this.#byOrigin.get(origin) ?? new Server();
      this.#byOrigin.set(origin, server);
      const use = uses.get(origin) ?? new ServerUse(server);
      uses.set(origin, use);
      return use;
    });
  }

  /** The torrent is through with them: no request of its own is under way. */
  leave(uses: readonly ServerUse[], now: number): void {
    for (const use of uses) use.leave();
    let waiting = 0;
    // The latest first: the oldest go where too many are remembered.
    for (const [origin, server] of [...this.#byOrigin].reverse())
      if (!server.isUsed && (!server.isWaiting(now) || ++waiting > MAX_HTTP_ORIGINS))
        this.#byOrigin.delete(origin);
  }

  /** The network of this machine was away, and is back. */
  networkCameBack(): void {
    for (const server of this.#byOrigin.values()) server.networkCameBack();
  }
}
