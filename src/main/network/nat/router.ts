/** What we ask of a router, and what it grants. PCP, NAT-PMP and UPnP do the same for us; each has a file of its own. */
export type NatProtocol = 'pcp' | 'nat-pmp' | 'upnp';
export type Transport = 'tcp' | 'udp';

export interface MappingWish {
  readonly transport: Transport;
  /** Our port. */
  readonly port: number;
  /** The port of the router that we would like. */
  readonly externalPort: number;
  readonly lifetimeMs: number;
}

export interface Grant {
  /** The router may give another port than the one that we would like. */
  readonly externalPort: number;
  readonly lifetimeMs: number;
}

export type Mapping = Pick<MappingWish, 'transport' | 'port' | 'externalPort'>;

/** Every failure is a RouterError. */
export interface Router {
  readonly protocol: NatProtocol;
  /** Opens the port, or keeps it open for longer. */
  map(wish: MappingWish, signal: AbortSignal): Promise<Grant>;
  unmap(mapping: Mapping, signal: AbortSignal): Promise<void>;
  /** Where peers reach the router; null if it does not know. */
  externalAddress(signal: AbortSignal): Promise<string | null>;
}

/** Finds the router of this machine and a protocol that it speaks. Rejects with RouterError. */
export type FindRouter = (signal: AbortSignal) => Promise<Router>;

/** The message is for the user. */
export class RouterError extends Error {
  override readonly name: string = 'RouterError';
}

/** Why no router has to help: this machine is behind none, or has a public address of its own. */
export type NoNeed = 'no-router' | 'public-address';

/** Nobody has to open the port, so nothing failed, and nothing is lost. */
export class RouterNotNeeded extends RouterError {
  override readonly name = 'RouterNotNeeded';
  readonly why: NoNeed;

  constructor(why: NoNeed, message: string) {
    super(message);
    this.why = why;
  }
}

/** It did not answer. */
export class RouterSilent extends RouterError {
  override readonly name = 'RouterSilent';
}

/** It speaks the protocol, but not with us: then it may speak another one. */
export class RouterRefusal extends RouterError {
  override readonly name = 'RouterRefusal';
}

/** No program of the router listens at this port. */
export class RouterDeaf extends RouterError {
  override readonly name = 'RouterDeaf';
}
