/** Finds the torrents of a shard by an incoming handshake: by the info hash, or by its hash in the encryption handshake. */
import { requestHashOf } from '../transport/encryption/mse-handshake.ts';

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export class TorrentDirectory<Torrent extends { readonly infoHash: Uint8Array }> {
  readonly #byInfoHash = new Map<string, Torrent>();
  readonly #byRequestHash = new Map<string, Torrent>();

  add(torrent: Torrent): void {
    this.#byInfoHash.set(keyOf(torrent.infoHash), torrent);
    this.#byRequestHash.set(keyOf(requestHashOf(torrent.infoHash)), torrent);
  }

  delete({ infoHash }: Torrent): void {
    this.#byInfoHash.delete(keyOf(infoHash));
    this.#byRequestHash.delete(keyOf(requestHashOf(infoHash)));
  }

  byInfoHash(infoHash: Uint8Array): Torrent | null {
    return this.#byInfoHash.get(keyOf(infoHash)) ?? null;
  }

  byRequestHash(hash: Uint8Array): Torrent | null {
    return this.#byRequestHash.get(keyOf(hash)) ?? null;
  }

  values(): Iterable<Torrent> {
    return this.#byInfoHash.values();
  }
}
