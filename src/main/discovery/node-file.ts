/**
 * DHT nodes, kept in a file between runs. Several runs may end at the same time. They take turns: each reads the file, adds its
 * nodes, and replaces the file as a whole. So the newest nodes of all runs stay.
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
  /** When the node was last heard, in calendar milliseconds. */
  readonly seen: number;
}

/** Keeps nodes between runs. */
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

  /** The valid entries of the file; none if there is no file or it is not ours. */
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

  /** Adds nodes. If that fails, the next run starts with the bootstrap nodes, so no message is needed. */
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
      // For example the disk is full, or the folder is not ours.
    }
  }
}

/** How long one wait for the lock lasts. */
const LOCK_WAIT_MS = 5;

function nodeOf(value: unknown, now: number): KeptNode[] {
  const { host, port, seen } = (value ?? {}) as Partial<Record<keyof KeptNode, unknown>>;
  if (typeof host !== 'string' || reachOf(host) === null) return [];
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return [];
  // A time in the future comes from a wrong clock; older files have no time. Such a node counts as the oldest.
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

/** Waits for another run, which needs a millisecond. Removes the lock of a run that was killed. Returns how to unlock. */
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
