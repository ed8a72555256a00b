/** Finds a port for incoming connections that this process alone may have. */
import { createServer } from 'node:net';

/**
 * Resolves to the port; 0 takes a free one. Rejects with the system's error if a program listens there. The port is free again
 * then: threads that share it must take it at once.
 */
export async function reservePort(port: number, host: string | null): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)));
    server.listen({ port, ...(host === null ? {} : { host }) }, resolve);
  });
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return bound !== null && typeof bound === 'object' ? bound.port : port;
}
