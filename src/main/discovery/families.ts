/**
 * A tracker whose name has IPv4 and IPv6 addresses is asked over both (BEP 7). It learns our address in each family, and a family
 * that does not work does not hide the other.
 */
import { isSix } from '../../shared/ip-address.ts';
import { hostOf } from '../../shared/pinned-hosts.ts';
import type { LookUp } from './environment.ts';

/** The address families in which to ask the URL's host; empty if there is no choice or the addresses are not known. */
export async function familiesOf(
  url: string,
  from: string | null,
  lookUp: LookUp,
  signal: AbortSignal,
): Promise<(4 | 6)[]> {
  // A connection from a chosen local address can only use the family of that address.
  if (!URL.canParse(url) || from !== null) return [];
  try {
    const addresses = await lookUp(hostOf(new URL(url)), signal);
    const families = new Set(addresses.map(({ address }) => (isSix(address) ? 6 : 4)));
    return families.size === 2 ? [4, 6] : [];
  } catch {
    // The announce looks the name up as well and reports what is wrong with it.
    return [];
  }
}

/** The first good answer; later ones go to `onMore`. Rejects with the failure over IPv4 if both fail. */
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
      // One family that answers is enough.
      () => {},
    );
  return first.answer;
}
