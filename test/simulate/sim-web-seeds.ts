/** The web seeds of a simulated torrent: how each answers. */
import { dice } from '../support/dice.ts';
import { type Answer, notThere, right } from '../support/virtual-http.ts';
import type { WebSeedPlan } from './scenario.ts';

const BUSY_S = 3;

export function answerOf({ kind, bytesPerS, seed }: WebSeedPlan): Answer {
  const roll = dice(seed);
  const rated: Answer = (asked, file) => ({ ...(right(asked, file) as object), rate: bytesPerS });
  switch (kind) {
    case 'right':
      return rated;
    case 'breaks':
      return (asked, file) => ({ ...(rated(asked, file) as object), breaksAfter: roll(200_000) });
    case 'silent':
      return (asked, file) => ({
        ...(rated(asked, file) as object),
        breaksAfter: roll(200_000),
        silent: true,
      });
    case 'lacks files': {
      const lacks = roll(2);
      return (asked, file) => (asked.path.endsWith(`f${lacks}`) ? notThere : rated)(asked, file);
    }
    case 'flips':
      return (asked, file) => {
        const copy = Buffer.from(file);
        if (roll(3) === 0 && copy.length > asked.from) copy[asked.from] = (copy[asked.from] ?? 0) ^ 0x80;
        return rated(asked, copy);
      };
    case 'refused':
      return () => 'refused';
    case 'busy': {
      let left = 1 + roll(5);
      return (asked, file) =>
        left-- > 0 ? { status: 503, headers: { 'retry-after': String(BUSY_S) } } : rated(asked, file);
    }
  }
}
