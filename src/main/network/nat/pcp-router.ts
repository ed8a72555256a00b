/** A router that speaks PCP (RFC 6887). */
import { createHmac, randomBytes } from 'node:crypto';
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
import {
  type Grant,
  type Mapping,
  type MappingWish,
  type Router,
  RouterError,
  RouterRefusal,
} from './router.ts';
import type { RouterNetwork } from './router-network.ts';

/** UNSUPP_VERSION and NOT_AUTHORIZED (RFC 6887, 7.4): PCP is switched off, or too old or new for us. */
const NOT_WITH_US: ReadonlySet<number> = new Set([1, 2]);
/** Of this process: it makes nonces that nobody else can guess. */
const SECRET = randomBytes(32);

export class PcpRouter implements Router {
  readonly protocol = 'pcp';
  readonly #network: RouterNetwork;
  readonly #address: string;
  #externalAddress: string | null = null;

  /** `address`: of the router. */
  constructor(network: RouterNetwork, address: string) {
    this.#network = network;
    this.#address = address;
  }

  /** Null if the router speaks NAT-PMP and not PCP. Rejects if it does not answer, or refuses us. */
  static async find(network: RouterNetwork, address: string, signal: AbortSignal): Promise<PcpRouter | null> {
    const question = { bytes: announceRequest, read: readAnnounceAnswer };
    const answer = await askRouter(network, question, signal);
    if (answer.kind === 'other-version') return null;
    if (answer.kind === 'refused' && NOT_WITH_US.has(answer.code))
      throw new RouterRefusal(`over PCP, ${answer.reason}`);
    // Some servers know only the request that matters.
    return new PcpRouter(network, address);
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

  /**
   * RFC 6887, 11.3: a mapping is changed only by who knows its nonce. After a failed renewal, or when the network was away, the router
   * is searched again while our mapping is still there: so the nonce does not depend on this object.
   */
  #nonceOf({ transport, port }: Pick<Mapping, 'transport' | 'port'>): Uint8Array {
    const hash = createHmac('sha256', SECRET).update(`${this.#address} ${transport} ${port}`).digest();
    return hash.subarray(0, NONCE_BYTES);
  }
}

function granted<Content>(answer: PcpAnswer<Content>): Content {
  if (answer.kind === 'granted') return answer.content;
  throw new RouterError(answer.kind === 'refused' ? answer.reason : 'it does not speak PCP any longer');
}
