/** The network between us and a router, in virtual time: a test answers its packets and requests. What is open is counted. */
import type {
  LinkHears,
  RouterAnswer,
  RouterNetwork,
  RouterRequest,
} from '../../src/main/network/nat/router-network.ts';
import type { VirtualEnvironment } from './virtual-environment.ts';

export const ROUTER = '192.168.77.1';
export const OURS = '192.168.77.2';

interface Sent {
  readonly ms: number;
  readonly bytes: Buffer;
}

export class VirtualRouter implements RouterNetwork {
  readonly later: VirtualEnvironment['later'];
  readonly #time: VirtualEnvironment;
  open = 0;
  /** Packets to the port of PCP and NAT-PMP, and to the multicast group. */
  readonly packets: Sent[] = [];
  readonly searches: Sent[] = [];
  readonly requests: RouterRequest[] = [];
  /** What the router sends back, if it does. */
  onPacket: (bytes: Buffer, hears: LinkHears) => void = () => {};
  onSearch: (bytes: Buffer, answer: (text: string, sender?: string) => void) => void = () => {};
  onRequest: (request: RouterRequest, signal: AbortSignal) => Promise<RouterAnswer> = async () => ({
    status: 404,
    text: '',
  });

  constructor(time: VirtualEnvironment) {
    this.#time = time;
    this.later = time.later;
  }

  async openLink(hears: LinkHears) {
    this.open += 1;
    return {
      localAddress: OURS,
      send: (bytes: Uint8Array): void => {
        this.packets.push({ ms: this.#time.now(), bytes: Buffer.from(bytes) });
        this.onPacket(Buffer.from(bytes), hears);
      },
      close: (): void => {
        this.open -= 1;
      },
    };
  }

  async openSearch(_from: string, { onMessage }: Parameters<RouterNetwork['openSearch']>[1]) {
    this.open += 1;
    return {
      send: (bytes: Uint8Array): void => {
        this.searches.push({ ms: this.#time.now(), bytes: Buffer.from(bytes) });
        this.onSearch(Buffer.from(bytes), (text, sender = ROUTER) => onMessage(Buffer.from(text), sender));
      },
      close: (): void => {
        this.open -= 1;
      },
    };
  }

  request(request: RouterRequest, signal: AbortSignal): Promise<RouterAnswer> {
    this.requests.push(request);
    return this.onRequest(request, signal);
  }
}
