/**
 * A tracker whose name has IPv4 and IPv6 addresses is asked over both (BEP 7). It learns our address in each family, and a family
 * that does not work does not hide the other.
 */
import { canonicalHost, isSix } from '../../shared/ip-address.ts';
import { hostOf } from '../../shared/pinned-hosts.ts';
import type { LookUp } from './environment.ts';

/** The address families of the URL's host; empty if we may not choose, or if its addresses are not known. */
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
    const families = new Set(addresses.map(({ address }) => (isSix(canonicalHost(address)) ? 6 : 4)));
    return ([4, 6] as const).filter((family) => families.has(family));
  } catch {
    // The announce looks the name up as well and reports what is wrong with it.
    return [];
  }
}

/** The first good answer over both families; later ones go to `onMore`. Rejects with the failure over IPv4 if both fail. */
export async function overFamilies<Answer>(
  families: readonly (4 | 6)[],
  ask: (family?: 4 | 6) => Promise<Answer>,
  onMore: (answer: Answer) => void,
): Promise<Answer> {
  // Redirects may lead to the other family.
  if (families.length < 2) return ask();
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
