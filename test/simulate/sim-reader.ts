/** A program that reads a file of a simulated torrent while it downloads, and checks each byte that it gets. */
import type { Readable } from 'node:stream';
import { Failure } from '../../src/main/failure.ts';
import type { SessionTorrent } from '../../src/main/session/torrent.ts';
import type { ReaderPlan } from './scenario.ts';
import type { SimContent } from './sim-content.ts';

export class SimReader {
  readonly #plan: ReaderPlan;
  readonly #content: SimContent;
  readonly #fail: (text: string) => void;
  #stream: Readable | null = null;

  constructor(plan: ReaderPlan, content: SimContent, fail: (text: string) => void) {
    this.#plan = plan;
    this.#content = content;
    this.#fail = fail;
  }

  /** False where its files are not known yet. */
  begin(torrent: SessionTorrent): boolean {
    const { files } = this.#content.metainfo;
    const file = files[this.#plan.file % files.length];
    if (file === undefined || file.length === 0) return true;
    const name = file.path.length > 1 ? file.path.slice(1).join('/') : file.path.join('/');
    const start = Math.min(this.#plan.start, file.length - 1);
    try {
      this.#stream = torrent.file(name).stream({ start });
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
    let at = file.offset + start;
    this.#stream.on('data', (bytes: Buffer) => {
      const truth = this.#content.all.subarray(at, at + bytes.length);
      if (!bytes.equals(truth)) this.#fail(`a reader of ${name} got wrong bytes before ${at + bytes.length}`);
      at += bytes.length;
    });
    this.#stream.on('end', () => {
      if (at !== file.offset + file.length) this.#fail(`a reader of ${name} ended at ${at}`);
    });
    this.#stream.on('error', (error) => {
      if (!(error instanceof Failure) || error.code === 'bug') this.#fail(`a reader failed: ${error}`);
    });
    return true;
  }

  /** It got all, or was told why not. */
  get isOver(): boolean {
    return this.#stream === null || this.#stream.closed;
  }
}
