/** A router that speaks NAT-PMP (RFC 6886). */
import { askRouter, type Question } from './ask-router.ts';
import {
  addressRequest,
  type PmpAnswer,
  type PmpMapRequest,
  pmpMapRequest,
  readAddressAnswer,
  readPmpMapAnswer,
} from './nat-pmp-packets.ts';
import {
  type Grant,
  type Mapping,
  type MappingWish,
  type Router,
  RouterError,
  RouterRefusal,
} from './router.ts';
import type { RouterNetwork } from './router-network.ts';

/** Not authorized (RFC 6886, 3.5): NAT-PMP is switched off. */
const OFF = 2;

export class NatPmpRouter implements Router {
  readonly protocol = 'nat-pmp';
  readonly #network: RouterNetwork;

  constructor(network: RouterNetwork) {
    this.#network = network;
  }

  /** Rejects if the router does not answer, or refuses us. */
  static async find(network: RouterNetwork, signal: AbortSignal): Promise<NatPmpRouter> {
    const question = { bytes: addressRequest, read: readAddressAnswer };
    const answer = await askRouter(network, question, signal);
    if (answer.kind === 'refused' && answer.code === OFF)
      throw new RouterRefusal(`over NAT-PMP, ${answer.reason}`);
    return new NatPmpRouter(network);
  }

  async map({ transport, port, externalPort, lifetimeMs }: MappingWish, signal: AbortSignal): Promise<Grant> {
    const answer = await this.#map(
      { transport, port, externalPort, lifetimeS: Math.ceil(lifetimeMs / 1_000) },
      signal,
    );
    if (answer.externalPort === 0 || answer.lifetimeS === 0) throw new RouterError('it opens no port');
    return { externalPort: answer.externalPort, lifetimeMs: answer.lifetimeS * 1_000 };
  }

  async unmap({ transport, port }: Mapping, signal: AbortSignal): Promise<void> {
    await this.#map({ transport, port, externalPort: 0, lifetimeS: 0 }, signal);
  }

  async externalAddress(signal: AbortSignal): Promise<string | null> {
    return this.#ask({ bytes: addressRequest, read: readAddressAnswer }, signal);
  }

  #map(
    request: PmpMapRequest,
    signal: AbortSignal,
  ): Promise<Pick<PmpMapRequest, 'externalPort' | 'lifetimeS'>> {
    const read = (packet: Buffer) => readPmpMapAnswer(packet, request);
    return this.#ask({ bytes: () => pmpMapRequest(request), read }, signal);
  }

  async #ask<Content>(question: Question<PmpAnswer<Content>>, signal: AbortSignal): Promise<Content> {
    const answer = await askRouter(this.#network, question, signal);
    if (answer.kind === 'refused') throw new RouterError(answer.reason);
    return answer.content;
  }
}
