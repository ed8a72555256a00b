/** transmission on a loopback address, asked and told over its RPC. It dials no loopback address itself. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, freePort, READY_MS } from './processes.ts';
import type { SeedRequest } from './seeds.ts';

export interface TransmissionDaemon {
  /** HOST:PORT for `--peer`. */
  readonly address: string;
  readonly rpc: TransmissionRpc;
  stop(): Promise<void>;
}

/** Ready: it knows the torrent. */
export async function transmissionDaemon(request: SeedRequest): Promise<TransmissionDaemon> {
  const { torrent, folder, scratch } = request;
  const [peerPort, rpcPort] = [await freePort(), await freePort()];
  const config = join(scratch, `transmission-${peerPort}`);
  mkdirSync(config, { recursive: true });
  const settings = {
    'bind-address-ipv4': '127.0.0.1',
    'dht-enabled': false,
    'download-dir': folder,
    'lpd-enabled': false,
    'peer-port': peerPort,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-bind-address': '127.0.0.1',
    'rpc-port': rpcPort,
    'rpc-whitelist-enabled': false,
    'utp-enabled': false,
    ...request.settings,
  };
  writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
  const child = spawn('transmission-daemon', ['--foreground', '--config-dir', config, '--log-error'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const rpc = new TransmissionRpc(`http://127.0.0.1:${rpcPort}/transmission/rpc`);
  await rpc.until(async () => {
    await rpc.call('torrent-add', { filename: torrent, 'download-dir': folder });
    return true;
  });
  return { address: `127.0.0.1:${peerPort}`, rpc, stop: () => ended(child, () => child.kill('SIGTERM')) };
}

class TransmissionRpc {
  readonly #url: string;
  #session = '';

  constructor(url: string) {
    this.#url = url;
  }

  async call(method: string, parameters: unknown): Promise<unknown> {
    const send = () =>
      fetch(this.#url, {
        method: 'POST',
        headers: { 'X-Transmission-Session-Id': this.#session, connection: 'close' },
        body: JSON.stringify({ method, arguments: parameters }),
      });
    let response = await send();
    if (response.status === 409) {
      this.#session = response.headers.get('X-Transmission-Session-Id') ?? '';
      response = await send();
    }
    return ((await response.json()) as { arguments: unknown }).arguments;
  }

  async torrents(): Promise<readonly { readonly percentDone: number; readonly status: number }[]> {
    const answer = await this.call('torrent-get', { fields: ['percentDone', 'status'] });
    return (answer as { torrents: { percentDone: number; status: number }[] }).torrents;
  }

  /** Asks again until `done`, while the daemon starts and verifies. */
  async until(done: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_MS;
    for (;;) {
      try {
        if (await done()) return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      if (performance.now() > deadline) throw new Error('transmission-daemon is not ready');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
