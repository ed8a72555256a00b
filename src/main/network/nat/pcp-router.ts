/** A router that speaks PCP (RFC 6887). */
import { randomBytes } from 'node:crypto';
import { askRouter } from './ask-router.ts';
import {
  announceRequest,
  type MapAnswer,
  type MapRequest,
  mapRequest,
  NONCE_BYTES,
  type PcpAnswer,
  readAnnounceAnswer,
  readMapAnswer,
} from './pcp-packets.ts';
import { type Grant, type Mapping, type MappingWish, type Router, RouterError } from './router.ts';
import type { RouterNetwork } from './router-network.ts';

export class PcpRouter implements Router {
  readonly protocol = 'pcp';
  readonly #network: RouterNetwork;
  /** By port: only who knows it may change the mapping. */
  readonly #nonces = new Map<string, Uint8Array>();
  #externalAddress: string | null = null;

  constructor(network: RouterNetwork) {
    this.#network = network;
  }

  /** Null if the router speaks NAT-PMP and not PCP. Rejects if it answers with nothing useful. */
  static async find(network: RouterNetwork, signal: AbortSignal): Promise<PcpRouter | null> {
    const question = { bytes: announceRequest, read: readAnnounceAnswer };
    const answer = await askRouter(network, question, signal);
    if (answer.kind === 'other-version') return null;
    // Some servers know only the request that matters.
    return new PcpRouter(network);
  }

  async map({ transport, port, externalPort, lifetimeMs }: MappingWish, signal: AbortSignal): Promise<Grant> {
    const nonce = this.#nonceOf({ transport, port });
    const lifetimeS = Math.ceil(lifetimeMs / 1_000);
    const answer = await this.#ask({ nonce, transport, port, externalPort, lifetimeS }, signal);
    if (answer.externalPort === 0 || answer.lifetimeS === 0) throw new RouterError('it opens no port');
    this.#externalAddress = answer.externalAddress;
    return { externalPort: answer.externalPort, lifetimeMs: answer.lifetimeS * 1_000 };
  }

  async unmap({ transport, port }: Mapping, signal: AbortSignal): Promise<void> {
    const nonce = this.#nonceOf({ transport, port });
    await this.#ask({ nonce, transport, port, externalPort: 0, lifetimeS: 0 }, signal);
  }

  /** Each mapping has said it. */
  async externalAddress(): Promise<string | null> {
    return this.#externalAddress;
  }

  async #ask(request: MapRequest, signal: AbortSignal): Promise<MapAnswer> {
    const question = {
      bytes: (from: string) => mapRequest(request, from),
      read: (packet: Buffer) => readMapAnswer(packet, request),
    };
    return granted(await askRouter(this.#network, question, signal));
  }

  #nonceOf({ transport, port }: Pick<Mapping, 'transport' | 'port'>): Uint8Array {
    const key = `${transport} ${port}`;
    const nonce = this.#nonces.get(key) ?? randomBytes(NONCE_BYTES);
    this.#nonces.set(key, nonce);
    return nonce;
  }
}

function granted<Content>(answer: PcpAnswer<Content>): Content {
  if (answer.kind === 'granted') return answer.content;
  throw new RouterError(answer.kind === 'refused' ? answer.reason : 'it does not speak PCP any longer');
}
