/** Real sockets to the router. The UDP socket is connected, so the kernel drops what others send. */
import { createSocket, type Socket } from 'node:dgram';
import { request as httpRequest } from 'node:http';
import { MAX_NAT_XML_BYTES } from '../../../shared/limits.ts';
import { livedLater } from '../../../shared/lived-timer.ts';
import { networkWords } from '../../../shared/network-words.ts';
import { RouterError } from './router.ts';
import type { RouterAnswer, RouterNetwork, RouterRequest } from './router-network.ts';

/** Of PCP and NAT-PMP. */
const NAT_PORT = 5_351;
/** Of SSDP. */
const SEARCH = { address: '239.255.255.250', port: 1_900 } as const;

/** `port`: of PCP and NAT-PMP. */
export function systemNetwork(router: string, port = NAT_PORT): RouterNetwork {
  return {
    later: livedLater,
    openLink: async ({ onMessage, onError }) => {
      const socket = await connected(router, port);
      socket.on('message', onMessage).on('error', onError);
      return {
        localAddress: socket.address().address,
        // An error comes as an event as well.
        send: (bytes) => socket.send(bytes, () => {}),
        close: () => void socket.close(),
      };
    },
    openSearch: async (localAddress, { onMessage, onError }) => {
      const socket = createSocket('udp4');
      socket.on('message', (bytes, { address }) => onMessage(bytes, address));
      await settled(socket, (done) =>
        socket.bind({ address: localAddress, port: 0 }, () =>
          done(failureOf(() => socket.setMulticastInterface(localAddress))),
        ),
      );
      socket.on('error', onError);
      return {
        send: (bytes) =>
          socket.send(bytes, SEARCH.port, SEARCH.address, (error) => error !== null && onError(error)),
        close: () => void socket.close(),
      };
    },
    request: requestOfRouter,
  };
}

/** Our address on the way there. Sends nothing. */
export async function addressTowards(router: string): Promise<string> {
  try {
    const socket = await connected(router, NAT_PORT);
    const { address } = socket.address();
    socket.close();
    return address;
  } catch (error) {
    throw new RouterError(`the router ${router}: ${networkWords(error as Error)}`, { cause: error });
  }
}

async function connected(router: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  await settled(socket, (done) => socket.connect(port, router, done));
  return socket;
}

/** What the work throws; null if it throws nothing. */
function failureOf(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Node calls back with an error, or emits it. */
async function settled(socket: Socket, begin: (done: (error?: Error | null) => void) => void): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      begin((error) => {
        socket.off('error', reject);
        if (error instanceof Error) reject(error);
        else resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** The host of the URL is an address, so no name is looked up. */
function requestOfRouter(
  { url, method, headers, body }: RouterRequest,
  signal: AbortSignal,
): Promise<RouterAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(error instanceof RouterError ? error : new RouterError(wordsOf(error), { cause: error }));
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = httpRequest(
      url,
      // A connection that is kept would outlive the work.
      { method, agent: false, signal, headers: { connection: 'close', ...headers, ...length } },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > MAX_NAT_XML_BYTES) sent.destroy(new RouterError('its answer is too long'));
        });
        response.once('error', fail);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    sent.once('error', fail);
    sent.end(body);
  });
}

function wordsOf(error: Error): string {
  return error.name === 'AbortError' ? 'it does not answer in time' : networkWords(error);
}
