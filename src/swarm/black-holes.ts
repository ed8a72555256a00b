/**
 * Addresses that never answer a connect. On Linux these are listeners with a full accept queue (`black-hole-thread.ts`); a
 * probe checks that a connect really hangs. If it does not, the peers accept and stay silent, and the swarm says so.
 */
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Two connections fill a queue of backlog 1. */
const FILLERS = 2;
/** A connect over loopback that has not succeeded by then will not succeed. */
const PROBE_MS = 400;
const FILL_MS = 3_000;
/** Listeners filled at a time. */
const WINDOW = 256;

export interface BlackHoles {
  readonly ports: readonly number[];
  /** The result of the probe. */
  readonly trueTimeout: boolean;
  close(): Promise<void>;
}

export async function openBlackHoles(hosts: readonly string[]): Promise<BlackHoles> {
  if (hosts.length === 0) return { ports: [], trueTimeout: true, close: async () => {} };
  const worker = new Worker(new URL('../swarm/black-hole-thread.js', import.meta.url), { workerData: hosts });
  const ports = await new Promise<number[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  for (let from = 0; from < hosts.length; from += WINDOW) {
    const batch = hosts.slice(from, from + WINDOW).map((host, i) => fill(host, ports[from + i] as number));
    await Promise.all(batch);
  }
  const trueTimeout = await hangs(hosts[0] as string, ports[0] as number);
  return {
    ports,
    trueTimeout,
    close: async () => {
      await worker.terminate();
    },
  };
}

/** The filling connections are closed at once: they keep their places in the queue until they are accepted. */
async function fill(host: string, port: number): Promise<void> {
  for (let i = 0; i < FILLERS; i++) {
    const socket = await connected(host, port, FILL_MS);
    socket?.destroy();
  }
}

async function hangs(host: string, port: number): Promise<boolean> {
  const socket = await connected(host, port, PROBE_MS);
  socket?.destroy();
  return socket === null;
}

/** A connected socket, or null if there was none in time. */
function connected(host: string, port: number, withinMs: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(null);
    }, withinMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.once('error', () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}
