/** Real leeches that know only the client under test: it gives to them while it downloads. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bencode from 'bencode';
import { libtorrentLeech } from '../test/support/leeches.ts';
import { CLI } from '../test/support/paths.ts';
import { type Client, unchokeAt } from './clients.ts';

/** So much a second: leeches without a limit would take the processor from the download. */
const UPLOAD_LIMIT = '16M';

/** uTP costs several times as much a byte as TCP, on both sides. */
const TCP_ONLY = { enable_outgoing_utp: false, enable_incoming_utp: false };

/** `port`: where the leeches reach it. */
export function unchokeGiving(port: number): Client {
  // With peer exchange the leeches would find each other.
  const more = ['--verbose', '--no-pex', '--port', String(port), '--upload-limit', UPLOAD_LIMIT];
  return unchokeAt(CLI, 'unchoke giving', ...more);
}

export interface Leeches {
  /** Bytes that they have got. */
  given(): Promise<number>;
  stop(): Promise<void>;
}

/** They dial until the client listens. `network`: the first three bytes of all addresses. */
export async function leechesOf(
  count: number,
  { torrent, scratch, network, port }: { torrent: string; scratch: string; network: string; port: number },
): Promise<Leeches> {
  // From a tracker they would hear of the seeds.
  const alone = join(scratch, 'alone.torrent');
  const { info } = bencode.decode(readFileSync(torrent)) as { readonly info: object };
  writeFileSync(alone, bencode.encode({ info }));
  const folder = join(scratch, 'leeches');
  mkdirSync(folder, { recursive: true });
  const leeches = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      libtorrentLeech({ torrent: alone }, join(folder, String(i)), TCP_ONLY, `${network}.${100 + i}`),
    ),
  );
  for (const leech of leeches) leech.connect(`${network}.1`, port);
  return {
    given: async () => {
      const got = await Promise.all(leeches.map(async (leech) => (await leech.bytes()).bytes));
      return got.reduce((sum, bytes) => sum + bytes, 0);
    },
    stop: async () => {
      await Promise.all(leeches.map((leech) => leech.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
