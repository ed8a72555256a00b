/** A real libtorrent that suggests pieces (BEP 6), and that says what it suggested, requested and heard. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ChildLines } from './child-lines.ts';
import { ROOT } from './paths.ts';
import { ended } from './processes.ts';

/** A message of one piece, as it was on the wire. */
export type PieceMessage = readonly [way: 'sent' | 'heard', what: 'SUGGEST' | 'REQUEST', piece: number];

export interface SuggestingPeer {
  /** HOST:PORT. */
  readonly address: string;
  connect(host: string, port: number): void;
  /** From now on it unchokes so many peers. If it is any, it waits until the peer at `host` is interested. */
  slots(host: string, count: number): void;
  /** It has everything. */
  complete(): Promise<void>;
  /** What it and the last peer at `host` said to each other, in order. */
  told(host: string): Promise<readonly PieceMessage[]>;
  stop(): Promise<void>;
}

/** It has what is in `folder`. */
export async function suggestingPeer(
  torrent: string,
  folder: string,
  host: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<SuggestingPeer> {
  const script = join(ROOT, 'test', 'interop', 'clients', 'libtorrent-suggestions.py');
  const child = spawn(
    '/usr/bin/python3',
    ['-X', 'faulthandler', script, torrent, folder, host, JSON.stringify(settings)],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  const lines = new ChildLines(child);
  const [, port] = await lines.first(/^port (\d+)/);
  let asked = 0;
  return {
    address: `${host}:${port}`,
    connect: (to, at) => void child.stdin.write(`connect ${to} ${at}\n`),
    slots: (of, count) => void child.stdin.write(`slots ${of} ${count}\n`),
    complete: async () => void (await lines.first(/^complete/)),
    told: async (of) => {
      asked += 1;
      child.stdin.write(`tell ${of} ${asked}\n`);
      const [, said = ''] = await lines.first(new RegExp(`^told ${asked} (.*)`));
      return JSON.parse(said) as PieceMessage[];
    },
    stop: () => ended(child, () => child.stdin.end()),
  };
}

/** Suggestions that one side got and that were the next pieces it requested. */
export function followed(told: readonly PieceMessage[], by: 'sent' | 'heard'): number {
  const requested = new Set<number>();
  const open = new Set<number>();
  let count = 0;
  for (const [way, what, piece] of told) {
    if (what === 'SUGGEST' && way !== by) open.add(piece);
    if (what !== 'REQUEST' || way !== by || requested.has(piece)) continue;
    requested.add(piece);
    if (open.delete(piece)) count += 1;
    else open.clear();
  }
  return count;
}
