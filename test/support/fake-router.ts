/** A router that does what a test wants, and remembers what it was asked. */
import {
  type Grant,
  type Mapping,
  type MappingWish,
  type Router,
  RouterError,
} from '../../src/main/network/nat/router.ts';

export const ROUTER_ADDRESS = '93.184.216.34';

export type MapAnswer = (wish: MappingWish, signal: AbortSignal) => Promise<Grant>;

export const grants: MapAnswer = async ({ externalPort, lifetimeMs }) => ({ externalPort, lifetimeMs });
export const refuses = (): Promise<never> => Promise.reject(new RouterError('it does not allow this'));

/** Until it is not waited for any longer. */
export const silent = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new RouterError('given up'))));

export class FakeRouter implements Router {
  readonly protocol = 'nat-pmp';
  answer: MapAnswer = grants;
  onUnmap: () => Promise<void> = async () => {};
  address: (signal: AbortSignal) => Promise<string | null> = async () => ROUTER_ADDRESS;
  readonly wishes: MappingWish[] = [];
  readonly removed: Mapping[] = [];

  map(wish: MappingWish, signal: AbortSignal): Promise<Grant> {
    this.wishes.push(wish);
    return this.answer(wish, signal);
  }

  unmap(mapping: Mapping): Promise<void> {
    this.removed.push(mapping);
    return this.onUnmap();
  }

  externalAddress(signal: AbortSignal): Promise<string | null> {
    return this.address(signal);
  }
}
