/**
 * Figures of a download as Prometheus text: in a file for node_exporter's textfile collector, and on a loopback port. Both show
 * the newest sample; a request does not make a new one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  MAX_METRICS_CONNECTIONS,
  MAX_METRICS_REQUEST_BYTES,
  METRICS_FILE_INTERVAL_MS,
  METRICS_REQUEST_MS,
} from '../../../shared/limits.ts';
import { systemWords } from '../../../shared/system-words.ts';
import { Failure } from '../../failure.ts';
import { makingFailure } from '../../files/disk-failure.ts';
import { writeWhole } from '../../files/whole-file.ts';
import type { Console } from './console.ts';

export interface MetricsSample {
  readonly infoHash: string;
  readonly verifiedBytes: number;
  readonly wantedBytes: number;
  readonly receivedBytes: number;
  readonly peersKnown: number;
  readonly peersConnected: number;
  readonly peersUnchoked: number;
  /** Null: no peer has unchoked us yet. */
  readonly ttfuMs: number | null;
  readonly complete: boolean;
}

interface Series {
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly value: (sample: MetricsSample) => number | null;
}

const SERIES: readonly Series[] = [
  {
    name: 'verified_bytes',
    kind: 'gauge',
    help: 'Bytes on disk and verified.',
    value: (s) => s.verifiedBytes,
  },
  {
    name: 'wanted_bytes',
    kind: 'gauge',
    help: 'Bytes of the selected files.',
    value: (s) => s.wantedBytes,
  },
  {
    name: 'received_bytes_total',
    kind: 'counter',
    help: 'Bytes of blocks received.',
    value: (s) => s.receivedBytes,
  },
  { name: 'peers_known', kind: 'gauge', help: 'Known peer addresses.', value: (s) => s.peersKnown },
  {
    name: 'peers_connected',
    kind: 'gauge',
    help: 'Peers after the handshake.',
    value: (s) => s.peersConnected,
  },
  {
    name: 'peers_unchoked',
    kind: 'gauge',
    help: 'Peers that unchoke us.',
    value: (s) => s.peersUnchoked,
  },
  {
    name: 'first_unchoke_seconds',
    kind: 'gauge',
    help: 'Time from the first address to the first unchoke.',
    value: (s) => (s.ttfuMs === null ? null : s.ttfuMs / 1_000),
  },
  {
    name: 'complete',
    kind: 'gauge',
    help: '1 when the download is complete and verified.',
    value: (s) => Number(s.complete),
  },
];

/** The text format of Prometheus, version 0.0.4: one line per download. A value that is not known yet has no line. */
export function metricsText(samples: readonly MetricsSample[]): string {
  const lines = SERIES.flatMap(({ name, kind, help, value }) => {
    const full = `unchoke_${name}`;
    const found = samples.flatMap((sample) => {
      const known = value(sample);
      return known === null ? [] : [`${full}{info_hash="${sample.infoHash}"} ${known}`];
    });
    return found.length === 0 ? [] : [`# HELP ${full} ${help}`, `# TYPE ${full} ${kind}`, ...found];
  });
  return `${lines.join('\n')}\n`;
}

/** What `--metrics` and `--metrics-port` ask for; null if neither is given. Rejects with a `disk` or usage failure. */
export async function openMetrics(
  {
    metrics: file,
    metricsPort: port,
  }: { readonly metrics: string | null; readonly metricsPort: number | null },
  console: Console,
): Promise<Metrics | null> {
  if (file === null && port === null) return null;
  const metrics = new Metrics(file, (trouble) => console.news(trouble));
  if (port !== null) {
    const bound = await metrics.listen(port);
    console.news(`metrics at http://127.0.0.1:${bound}/metrics`);
  }
  return metrics;
}

export class Metrics {
  readonly #file: string | null;
  readonly #onTrouble: (text: string) => void;
  #server: Server | null = null;
  /** The newest sample of each download. */
  readonly #samples = new Map<string, MetricsSample>();
  #text = '';
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** Throws a `disk` failure if the file cannot be written now. A later failure is only reported: the download goes on. */
  constructor(file: string | null, onTrouble: (text: string) => void) {
    this.#file = file;
    this.#onTrouble = onTrouble;
    if (file !== null) this.#write(file);
  }

  /** Serves `GET /metrics` on 127.0.0.1. Resolves to the port; rejects with a usage failure if the port is taken. */
  async listen(port: number): Promise<number> {
    const server = createServer({ maxHeaderSize: MAX_METRICS_REQUEST_BYTES }, (request, response) =>
      this.#answer(request, response),
    );
    server.maxConnections = MAX_METRICS_CONNECTIONS;
    // A client that sends no request or does not read the answer is disconnected: it holds a place that others need.
    server.on('connection', (socket) => {
      const late = setTimeout(() => socket.destroy(), METRICS_REQUEST_MS);
      late.unref();
      socket.on('close', () => clearTimeout(late));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Failure('usage', `--metrics-port ${port}: ${systemWords(error)}; choose another port`, {
            cause: error,
          }),
        ),
      );
      server.listen({ host: '127.0.0.1', port }, resolve);
    });
    server.unref();
    return (server.address() as AddressInfo).port;
  }

  /** The newest figures; `isLast` writes them at once. */
  update(sample: MetricsSample, isLast = false): void {
    this.#samples.set(sample.infoHash, sample);
    this.publish(metricsText([...this.#samples.values()]), isLast);
  }

  /** Text in the format of Prometheus; `isLast` writes it at once. */
  publish(text: string, isLast = false): void {
    this.#text = text;
    const now = performance.now();
    if (this.#file === null || (!isLast && now - this.#writtenAt < METRICS_FILE_INTERVAL_MS)) return;
    this.#writtenAt = now;
    try {
      this.#write(this.#file);
    } catch (error) {
      this.#onTrouble(`--metrics ${(error as Error).message}`);
    }
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** Replaces the file as a whole, because a collector may read it at any moment. */
  #write(file: string): void {
    try {
      writeWhole(file, this.#text);
    } catch (error) {
      throw makingFailure(error, file);
    }
  }

  #answer({ method, url, headers }: IncomingMessage, response: ServerResponse): void {
    // DNS rebinding: a web page can let a name of its own point to this port. So only requests to a loopback name are answered.
    const isOurs = /^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(headers.host ?? '');
    const status = !isOurs ? 403 : method !== 'GET' ? 405 : url !== '/metrics' ? 404 : 200;
    response.writeHead(status, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      connection: 'close',
    });
    response.end(status === 200 ? this.#text : '');
  }
}
