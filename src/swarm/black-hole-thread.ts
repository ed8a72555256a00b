/**
 * A thread that listens and then blocks forever, so that its listeners never accept a connection from their queues. Once a
 * queue is full, Linux drops every further SYN: a true time-out, as behind a firewall.
 */
import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** Linux accepts one connection more than the backlog. */
const BACKLOG = 1;

const hosts = workerData as readonly string[];

async function listen(host: string): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`no port for ${host}`);
  return address.port;
}

const ports: number[] = [];
for (const host of hosts) ports.push(await listen(host));
parentPort?.postMessage(ports);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
