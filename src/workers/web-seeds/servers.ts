/** The servers of all web seeds. A server with a wait that is not over is remembered after its last torrent left. */
import { MAX_HTTP_ORIGINS } from '../../shared/limits.ts';
import { Server } from './server.ts';
import { ServerUse } from './server-use.ts';

export class Servers {
  readonly #byOrigin = new Map<string, Server>();

  get size(): number {
    return this.#byOrigin.size;
  }

  /** A torrent starts to use the servers of these URLs. Returns one entry per URL; URLs on the same server share it. */
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

  /** The torrent no longer uses them: it has no request in progress. */
  leave(uses: readonly ServerUse[], now: number): void {
    for (const use of uses) use.leave();
    let waiting = 0;
    // The newest first: if too many are remembered, the oldest are forgotten.
    for (const [origin, server] of [...this.#byOrigin].reverse())
      if (!server.isUsed && (!server.isWaiting(now) || ++waiting > MAX_HTTP_ORIGINS))
        this.#byOrigin.delete(origin);
  }

  /** The network of this machine was down and is back. */
  networkCameBack(): void {
    for (const server of this.#byOrigin.values()) server.networkCameBack();
  }
}
