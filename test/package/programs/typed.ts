/** The same with the strictest compiler: it names every type of the package and handles every event. */
import {
  type DownloadOptions,
  type DownloadResult,
  download,
  Failure,
  type FailureCode,
  type TorrentEvent,
  type TorrentSource,
} from 'unchoke';

const [torrent = '', output = ''] = process.argv.slice(2);
const types = new Set<TorrentEvent['type']>();

/** The compiler reports an error here while an event has no case. */
function text(event: TorrentEvent): string {
  switch (event.type) {
    case 'metadata':
      return `${event.name} ${event.infoHash} ${event.searchMs ?? 0}`;
    case 'progress':
      return 'fastest' in event ? `${event.rate} ${event.fastest[0]?.client ?? ''}` : String(event.bytes);
    case 'first-unchoke':
    case 'peer-banned':
      return event.peer;
    case 'listening':
      return `${event.port} ${event.addresses.join()}`;
    case 'not-listening':
      return `${event.cause} ${event.reason}`;
    case 'port-mapped':
      return `${event.address ?? '?'} ${event.externalPort} ${event.protocol} ${event.transports.join()}`;
    case 'port-not-mapped':
      return `${event.cause} ${event.reason}`;
    case 'reused':
      return `${event.bytes} bytes were there`;
    case 'cluster':
      return `${event.complete} of ${event.size} nodes`;
    case 'seeded':
      return `${event.uploaded} ${event.ratio} ${event.ms}`;
    case 'piece-failed':
      return String(event.piece);
    case 'web-seed-lost':
    case 'web-seed-waits':
      return `${event.url} ${event.reason}`;
    case 'file-unavailable':
    case 'complete':
      return event.path;
  }
}

const options: DownloadOptions = {
  output,
  dht: false,
  lsd: false,
  utp: false,
  shards: 2,
  hashers: 1,
  peers: [],
  strategy: 'first-unchoke',
  journalKey: `${output}.key`,
  signal: new AbortController().signal,
  onEvent: (event) => {
    if (text(event) !== '') types.add(event.type);
  },
};

async function codeOf(source: TorrentSource): Promise<FailureCode | null> {
  try {
    await download(source, options);
    return null;
  } catch (error) {
    if (error instanceof Failure) return error.code;
    throw error;
  }
}

if ((await codeOf(new Uint8Array(1))) !== 'bad-torrent') throw new Error('not the code that was expected');
const done: DownloadResult = await download(new URL(`file://${torrent}`), options);
process.stdout.write(`${JSON.stringify({ ...done, types: [...types] })}\n`);
