/** One row of docs/doctor.md: a cause, made with real sockets, and the one diagnosis that it may give. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DiagnosisCode } from '../../../src/main/doctor/diagnosis.ts';
import { writeTo } from '../swarm-fixture.ts';
import { type MadeTorrent, madeTorrent } from '../torrent-seed.ts';
import { list, str, torrentOf } from '../torrents.ts';
import { type WireHabits, wirePeer } from '../wire-peer.ts';

export interface Cause {
  readonly cause: string;
  /** Null: a run without anything wrong. */
  readonly code: DiagnosisCode | null;
  /** The look ends only with its time. Any other ends when all is known. */
  readonly waits?: true;
  /** It takes ten seconds and more. */
  readonly isLong?: true;
  /** It takes long, and is complete in the end. */
  readonly completes?: true;
  /** The command and its arguments. */
  readonly args: (scene: Scene) => Promise<readonly string[]> | readonly string[];
  /** The command runs under this one; null: this machine does not allow it, so the cause is not made. */
  readonly under?: readonly string[] | ((scene: Scene) => readonly string[]) | null;
}

interface Closes {
  close(): Promise<void> | void;
}

/** What one cause sets up, in a folder of its own. */
export class Scene {
  readonly folder: string;
  /** A torrent that names no tracker. Its pieces have wrong hashes. */
  readonly bare: string;
  /** A torrent of five pieces that a peer may serve. */
  readonly made: MadeTorrent;
  readonly #open: Closes[] = [];

  constructor(parent: string, name: string) {
    this.folder = join(parent, name);
    mkdirSync(this.folder);
    this.bare = this.file('bare.torrent', torrentOf());
    this.made = madeTorrent([{ path: 'a', bytes: Buffer.alloc(80_000, 1) }], 16_384);
  }

  /** Where the file of that torrent is. */
  get output(): string {
    return join(this.folder, 'out', 'set');
  }

  file(name: string, bytes: Buffer): string {
    return writeTo(this.folder, name, bytes);
  }

  /** A torrent with these trackers, each in a tier of its own. */
  announcing(...urls: readonly string[]): string {
    const tiers = list(...urls.map((url) => list(str(url))));
    return this.file('announcing.torrent', torrentOf({}, { 'announce-list': tiers }));
  }

  /** It is closed after the run. */
  with<Thing extends Closes>(thing: Thing): Thing {
    this.#open.push(thing);
    return thing;
  }

  /** The options for so many peers with these habits. */
  async peers(count: number, habits: WireHabits): Promise<string[]> {
    const options: string[] = [];
    for (let i = 1; i <= count; i++)
      options.push('--peer', this.with(await wirePeer(habits, `127.0.1.${i}`)).address);
    return options;
  }

  /** The first pieces of that torrent are in the output folder already. */
  has(pieces: number): void {
    const { data, pieceLength } = this.made;
    mkdirSync(this.output, { recursive: true });
    writeTo(this.output, 'a', Buffer.concat([data.subarray(0, pieces * pieceLength)], data.length));
  }

  /** `get` of the torrent that peers may serve; it gives up after two seconds without a piece. */
  get(...options: readonly string[]): string[] {
    const torrent = this.file('made.torrent', this.made.torrent);
    return ['get', torrent, '-o', join(this.folder, 'out'), '--idle-timeout', '2s', ...options];
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((thing) => thing.close()));
  }
}
