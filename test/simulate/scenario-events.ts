/** What happens to a simulated session from outside: to its network, its threads, its process and its disk. */
import type { Roll } from '../support/personas.ts';
import type { DiskFaultPlan } from '../support/virtual-files.ts';

export type EventPlan = { readonly atMs: number } & (
  | { readonly type: 'cut'; readonly percent: number }
  | { readonly type: 'away'; readonly how: 'unreachable' | 'silent'; readonly forMs: number }
  | { readonly type: 'suspend'; readonly forMs: number }
  | { readonly type: 'shard dies' | 'storage thread dies' | 'web-seed thread dies'; readonly which: number }
  | ({ readonly type: 'disk' } & DiskFaultPlan)
  /** The process is killed, and after a while the user begins it again. */
  | { readonly type: 'killed'; readonly losesPower: boolean; readonly forMs: number }
);

/** Events come in this time: most downloads last no longer. */
const EVENTS_MS = 20_000;

/** `isKilled`: its process is, once at least. */
export function eventsOf(roll: Roll, isKilled: boolean): EventPlan[] {
  const events = Array.from({ length: roll(2) === 0 ? 0 : 1 + roll(3) }, () => eventPlan(roll));
  const kills = Array.from({ length: isKilled ? 1 + roll(3) : 0 }, () => killPlan(roll));
  return [...events, ...kills];
}

function eventPlan(roll: Roll): EventPlan {
  const atMs = roll(EVENTS_MS);
  switch (roll(10)) {
    case 0:
    case 1:
      return { atMs, type: 'cut', percent: 20 + roll(81) };
    case 2:
      return {
        atMs,
        type: 'away',
        how: roll(2) === 0 ? 'unreachable' : 'silent',
        forMs: 500 + roll(roll(3) === 0 ? 90_000 : 8_000),
      };
    case 3:
      return { atMs, type: 'suspend', forMs: 1_000 + roll(600_000) };
    case 4:
    case 5:
      return { atMs, type: 'shard dies', which: roll(4) };
    case 6:
      return { atMs, type: 'storage thread dies', which: roll(2) };
    case 7:
      return { atMs, type: 'web-seed thread dies', which: 0 };
    default:
      return { atMs, type: 'disk', ...faultPlan(roll) };
  }
}

function killPlan(roll: Roll): EventPlan {
  const forMs = 100 + roll(roll(3) === 0 ? 30_000 : 2_000);
  return { atMs: roll(EVENTS_MS), type: 'killed', losesPower: roll(3) === 0, forMs };
}

function faultPlan(roll: Roll): DiskFaultPlan {
  const operation = (['write', 'write', 'flush', 'change'] as const)[roll(4)] ?? 'write';
  const codes = operation === 'write' ? (['ENOSPC', 'EIO', 'SHORT'] as const) : (['ENOSPC', 'EIO'] as const);
  return {
    operation,
    code: codes[roll(codes.length)] ?? 'EIO',
    writes: roll(operation === 'flush' ? 3 : 12),
  };
}
