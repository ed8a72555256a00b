/** An HTTP server that sends parts of one file, so slowly that a test can act meanwhile, and serves each client address as the test says. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** `silent`: answers begin and stand still; the first byte alone is sent. `refused`: connections end, and status 403. `trickle`: a hundredth of the rate. `other`: bytes of another file. */
export type Service = 'normal' | 'silent' | 'refused' | 'trickle' | 'other';

const TICK_MS = 50;
const TRICKLE = 0.01;

interface Answer {
  readonly to: string;
  readonly response: ServerResponse;
  at: number;
  readonly end: number;
}

/** `bytesPerS`: of each answer. `other`: what is sent where the service is `other`. */
export async function moodyServer(file: Buffer, bytesPerS: number, other = file) {
  const services = new Map<string, Service>();
  const answers = new Set<Answer>();
  const asks: string[] = [];
  /** Bytes that were sent in each service, by client. */
  const sent = new Map<string, number>();
  const watchers = new Set<() => void>();
  const serviceOf = (to: string): Service => services.get(to) ?? 'normal';

  const send = (answer: Answer): void => {
    const { to, response, at, end } = answer;
    const service = serviceOf(to);
    if (service === 'silent') return;
    const most = Math.ceil((bytesPerS * TICK_MS * (service === 'trickle' ? TRICKLE : 1)) / 1_000);
    const part = (service === 'other' ? other : file).subarray(at, Math.min(end, at + most));
    answer.at += part.length;
    sent.set(`${to} ${service}`, (sent.get(`${to} ${service}`) ?? 0) + part.length);
    response.write(part);
    if (answer.at < end) return;
    answers.delete(answer);
    response.end();
  };
  const timer = setInterval(() => {
    // A client that does not read is not sent to.
    for (const answer of answers) if (!answer.response.writableNeedDrain) send(answer);
  }, TICK_MS);

  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const to = request.socket.remoteAddress ?? '';
    asks.push(to);
    for (const watch of watchers) watch();
    if (serviceOf(to) === 'refused') return void response.writeHead(403).end();
    const [, from = '0', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const at = Number(from);
    const end = Math.min(file.length, Number(last) + 1);
    response.writeHead(206, {
      'content-length': end - at,
      'content-range': `bytes ${at}-${end - 1}/${file.length}`,
      etag: '"one"',
    });
    const answer = { to, response, at, end };
    // All may look at the beginning.
    if (end === 1) return void response.end(file.subarray(0, 1));
    answers.add(answer);
    response.on('close', () => answers.delete(answer));
  };
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');

  return {
    base: `http://127.0.0.1:${address.port}`,
    /** From now on this client is served so. */
    serve: (to: string, service: Service): void => {
      services.set(to, service);
      for (const answer of answers) if (answer.to === to && service === 'refused') answer.response.destroy();
    },
    /** Bytes that this client was sent in this service. */
    sent: (to: string, service: Service): number => sent.get(`${to} ${service}`) ?? 0,
    /** Requests of this client so far. */
    asks: (of: string): number => asks.filter((to) => to === of).length,
    /** Resolves when this client has sent a request after this call. */
    asked: (by: string): Promise<void> =>
      new Promise((resolve) => {
        const before = asks.length;
        const watch = (): void => {
          if (!asks.slice(before).includes(by)) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
      }),
    stop: (): Promise<void> =>
      new Promise((resolve) => {
        clearInterval(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
