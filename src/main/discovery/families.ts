/**
 * A tracker whose name has addresses of both families is asked over each (BEP 7): it learns where we are reached over either, and
 * one family that leads nowhere does not hide the other.
 */
import { isSix } from '../../shared/ip-address.ts';
import { hostOf } from '../../shared/pinned-hosts.ts';
import type { LookUp } from './environment.ts';

/** The families to ask the URL's host over; none where there is nothing to choose from, or nothing is known. */
export async function familiesOf(
  url: string,
  from: string | null,
  lookUp: LookUp,
  signal: AbortSignal,
): Promise<(4 | 6)[]> {
  // Connections that leave from one address of ours can but go to its kind.
  if (!URL.canParse(url) || from !== null) return [];
  try {
    const addresses = await lookUp(hostOf(new URL(url)), signal);
    const families = new Set(addresses.map(({ address }) => (isSix(address) ? 6 : 4)));
    return families.size === 2 ? [4, 6] : [];
  } catch {
    // The announce looks the name up as well, and says what is wrong with it.
    return [];
  }
}

/** The first good answer; others that follow go to `onMore`. Rejects with the failure over IPv4 where both fail. */
export async function overFamilies<Answer>(
  families: readonly (4 | 6)[],
  ask: (family?: 4 | 6) => Promise<Answer>,
  onMore: (answer: Answer) => void,
): Promise<Answer> {
  if (families.length === 0) return ask();
  const asked = families.map((family) => ask(family));
  let first: { readonly answer: Answer };
  try {
    first = await Promise.any(asked.map(async (one) => ({ answer: await one })));
  } catch (error) {
    throw (error as AggregateError).errors[0];
  }
  for (const one of asked)
    one.then(
      (answer) => {
        if (answer !== first.answer) onMore(answer);
      },
      // The other family is enough.
      () => {},
    );
  return first.answer;
}
