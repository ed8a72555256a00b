/**
 * Where peers can connect to us, for people. Who gives a torrent to peers reads it once; in a download it is a detail. One for all
 * torrents of a command, because they share one port.
 */
import { reachOf } from '../../../shared/address-rules.ts';
import { addressKey } from '../../../shared/compact-peers.ts';
import { MAX_ADDRESSES_NAMED } from '../../../shared/limits.ts';
import type {
  ListeningEvent,
  NotListeningEvent,
  PortMappedEvent,
  PortNotMappedEvent,
} from '../../session/port-events.ts';
import type { Console } from './console.ts';
import { mappedText } from './mapped-text.ts';

type ReachEvent = ListeningEvent | NotListeningEvent | PortMappedEvent | PortNotMappedEvent;

export class ReachNews {
  readonly #console: Console;
  /** Our router is asked for the port, and its answer comes by itself. */
  readonly #asksRouter: boolean;
  #matters = false;
  /** Of the last event of each kind. */
  readonly #told = new Map<'port' | 'router', ReachEvent['type']>();
  readonly #texts = new Set<string>();
  /** What the user has not seen. */
  #unseen: string[] = [];

  constructor(console: Console, asksRouter: boolean) {
    this.#console = console;
    this.#asksRouter = asksRouter;
  }

  heard(event: ReachEvent): void {
    const text = reachText(event, this.#asksRouter);
    if (this.#texts.has(text)) return;
    this.#texts.add(text);
    const of = event.type === 'listening' || event.type === 'not-listening' ? 'port' : 'router';
    if (needsNoRouter(event) && this.#told.get(of) !== 'port-mapped') return this.#console.detail(text);
    const isNew = this.#told.get(of) !== event.type;
    this.#told.set(of, event.type);
    const isTrouble = event.type === 'not-listening' && event.cause === 'failed';
    // That the router gives another reason, or another port, changes nothing for people.
    if ((this.#matters && isNew) || isTrouble) return this.#console.news(text);
    this.#console.detail(text);
    if (isNew && !this.#console.isVerbose) this.#unseen.push(text);
  }

  /** A torrent is given to peers from now on. */
  matters(): void {
    this.#matters = true;
    for (const text of this.#unseen) this.#console.news(text);
    this.#unseen = [];
  }
}

/** Where no router has to help, nothing is lost, and nobody can do anything about it. */
function needsNoRouter(event: ReachEvent): boolean {
  return event.type === 'port-not-mapped' && event.cause !== 'failed';
}

/** `asksRouter`: an event says later what became of it. */
export function reachText(event: ReachEvent, asksRouter = false): string {
  switch (event.type) {
    case 'listening':
      return listeningText(event, asksRouter);
    case 'not-listening':
      return `no peer can connect to us: ${event.reason}`;
    case 'port-mapped':
      return mappedText(event);
    case 'port-not-mapped':
      return needsNoRouter(event)
        ? event.reason
        : `port ${event.port} is not open in the router: ${event.reason}`;
  }
}

function listeningText({ port, addresses }: ListeningEvent, asksRouter: boolean): string {
  if (addresses.length === 0) return `peers can connect to us at port ${port}`;
  const named = addresses.slice(0, MAX_ADDRESSES_NAMED).map((address) => addressKey(address, port));
  const more = addresses.length - named.length;
  const at = [...named, ...(more > 0 ? [`${more} more`] : [])];
  const list = at.length === 1 ? at.join() : `${at.slice(0, -1).join(', ')} and ${at.at(-1)}`;
  const reaches = addresses.map(reachOf);
  if (reaches.every((reach) => reach === 'loopback'))
    return `only this machine can connect to us, at ${list}`;
  if (reaches.includes('public')) return `peers can connect to us at ${list}`;
  const others = asksRouter ? '' : `; others only if the router forwards port ${port}`;
  return `peers in this network can connect to us at ${list}${others}`;
}
