/**
 * Nodes of the DHT from one run to the next. Several runs may end at one time: each reads what is there, puts its own in and
 * replaces the file as a whole, one after the other, so that the nodes seen last of all of them stay.
 */
import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { reachOf } from '../../shared/address-rules.ts';
import type { Clock } from '../../shared/clock.ts';
import { canonicalHost } from '../../shared/ip-address.ts';
import { MAX_KEPT_DHT_NODES, MAX_NODE_FILE_BYTES, NODE_FILE_LOCK_MS } from '../../shared/limits.ts';
import { readWhole, writeWhole } from '../files/whole-file.ts';

export interface KeptNode {
  readonly host: string;
  readonly port: number;
  /** When it was last heard, in milliseconds of the calendar. */
  readonly seen: number;
}

/** Where nodes are between runs. */
export interface NodeStore {
  /** The newest first. */
  read(): readonly KeptNode[];
  keep(nodes: readonly KeptNode[]): void;
}

export class NodeFile implements NodeStore {
  readonly #path: string;
  readonly #calendar: Clock;

  constructor(path: string, calendar: Clock) {
    this.#path = path;
    this.#calendar = calendar;
  }

  /** What can be believed of the file; nothing where there is none, or none of ours. */
  read(): KeptNode[] {
    try {
      const kept = JSON.parse(readWhole(this.#path, MAX_NODE_FILE_BYTES)?.toString('utf8') ?? '') as unknown;
      const { nodes } = (kept ?? {}) as { nodes?: unknown };
      const now = this.#calendar();
      return Array.isArray(nodes) ? bestOf(nodes.flatMap((node) => nodeOf(node, now))) : [];
    } catch {
      return [];
    }
  }

  /** Puts nodes in. Where that cannot be, the next run begins with the bootstrap nodes: no loss that anybody must be told of. */
  keep(nodes: readonly KeptNode[]): void {
    if (nodes.length === 0) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      const unlock = locked(`${this.#path}.lock`, this.#calendar);
      try {
        const now = this.#calendar();
        const best = bestOf([...nodes.flatMap((node) => nodeOf(node, now)), ...this.read()]);
        writeWhole(this.#path, JSON.stringify({ v: 1, nodes: best }), 0o600);
      } finally {
        unlock();
      }
    } catch {
      // A full disk, a folder that is not ours.
    }
  }
}

/** How long another run is waited for at one time. */
const LOCK_WAIT_MS = 5;

function nodeOf(value: unknown, now: number): KeptNode[] {
  const { host, port, seen } = (value ?? {}) as Partial<Record<keyof KeptNode, unknown>>;
  if (typeof host !== 'string' || reachOf(host) === null) return [];
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return [];
  // A clock that was wrong, or files from before there was one, must not count for ever.
  const time = typeof seen === 'number' && seen >= 0 && seen <= now ? seen : 0;
  return [{ host: canonicalHost(host), port, seen: time }];
}

function bestOf(nodes: readonly KeptNode[]): KeptNode[] {
  const newest = new Map<string, KeptNode>();
  for (const node of [...nodes].sort((a, b) => b.seen - a.seen)) {
    const key = `${node.host} ${node.port}`;
    if (!newest.has(key)) newest.set(key, node);
    if (newest.size >= MAX_KEPT_DHT_NODES) break;
  }
  return [...newest.values()];
}

/** Waits for another run, which needs a millisecond; one that was killed over it is not waited for. Returns how it is given up. */
function locked(path: string, calendar: Clock): () => void {
  const deadline = calendar() + NODE_FILE_LOCK_MS;
  for (;;) {
    try {
      closeSync(openSync(path, 'wx', 0o600));
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const now = calendar();
    const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now);
    if (Math.abs(age) > NODE_FILE_LOCK_MS) rmSync(path, { force: true });
    else if (now > deadline) throw new Error(`${path} is locked by other runs`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
  }
}
