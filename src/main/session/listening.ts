/** Where peers can connect to us, or why none can. */
import { type Reach, reachOf } from '../../shared/address-rules.ts';
import { systemWords } from '../../shared/system-words.ts';
import type { ListeningEvent, NotListeningEvent } from './port-events.ts';
import type { Session } from './session.ts';
import type { SessionSettings } from './settings.ts';

const ORDER: readonly (Reach | null)[] = ['public', null, 'private', 'loopback'];

/** Opens the port of the session if the torrent `accepts` incoming peers. It does not fail: a download goes on without a port. */
export async function listening(
  session: Pick<Session, 'listen' | 'settings' | 'world'>,
  accepts: boolean,
): Promise<ListeningEvent | NotListeningEvent> {
  const { settings, world } = session;
  try {
    const port = accepts ? await session.listen() : null;
    if (port === null) return notListening(accepts, settings);
    const { interface: localAddress } = settings;
    const addresses = localAddress === null ? usefulOf(world.ownAddresses() ?? []) : [localAddress];
    return { type: 'listening', port, addresses };
  } catch (error) {
    return { type: 'not-listening', cause: 'failed', reason: `port ${settings.port}: ${systemWords(error)}` };
  }
}

/** Those that others can use, the farthest reaching first; loopback only where there is nothing else. */
function usefulOf(own: readonly string[]): string[] {
  // A link-local address means nothing without the name of an interface.
  const plain = own.filter((address) => !/^fe[89ab]/i.test(address));
  const outward = plain.filter((address) => reachOf(address) !== 'loopback');
  const rank = (address: string): number => ORDER.indexOf(reachOf(address));
  return [...(outward.length > 0 ? outward : plain)].sort((a, b) => rank(a) - rank(b));
}

function notListening(accepts: boolean, { proxy }: Pick<SessionSettings, 'proxy'>): NotListeningEvent {
  if (!accepts)
    return { type: 'not-listening', cause: 'off', reason: 'a run that keeps few peers lets no others in' };
  return proxy === null
    ? { type: 'not-listening', cause: 'off', reason: 'incoming connections are off' }
    : { type: 'not-listening', cause: 'proxy', reason: 'nothing bypasses the proxy, and it lets nobody in' };
}
