/** Peers by phase over all shards, from their last reports. */
import type { ShardStats } from '../../shared/messages.ts';

export interface PhaseTotals {
  readonly queued: number;
  readonly dialing: number;
  readonly handshaking: number;
  readonly choked: number;
  readonly unchoked: number;
  readonly dialed: number;
  readonly connected: number;
  readonly blockBytes: number;
}

export function phaseTotals(stats: readonly (ShardStats | null)[]): PhaseTotals {
  const total = (name: keyof PhaseTotals) => stats.reduce((sum, entry) => sum + (entry?.[name] ?? 0), 0);
  return {
    queued: total('queued'),
    dialing: total('dialing'),
    handshaking: total('handshaking'),
    choked: total('choked'),
    unchoked: total('unchoked'),
    dialed: total('dialed'),
    connected: total('connected'),
    blockBytes: total('blockBytes'),
  };
}

/** `1000 known · 120 dialling · 40 shaking hands · 210 choking us · 12 unchoked us`. */
export function phaseText(known: number, totals: PhaseTotals): string {
  const parts = [`${known} known`];
  if (totals.dialing > 0) parts.push(`${totals.dialing} dialling`);
  if (totals.handshaking > 0) parts.push(`${totals.handshaking} shaking hands`);
  parts.push(`${totals.choked} choking us`, `${totals.unchoked} unchoked us`);
  return parts.join(' · ');
}
