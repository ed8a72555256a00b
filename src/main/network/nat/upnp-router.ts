/** A router that speaks UPnP IGD, version 1 or 2. */
import { randomInt } from 'node:crypto';
import { ipv4Number } from '../../../shared/ip-address.ts';
import { NAT_PORT_TRIES } from '../../../shared/limits.ts';
import { type Grant, type Mapping, type MappingWish, type Router, RouterError } from './router.ts';
import type { RouterNetwork } from './router-network.ts';
import { searchRouter } from './upnp-search.ts';
import { callService, SoapError, servicesIn, type UpnpService } from './upnp-service.ts';
import { xmlText } from './upnp-xml.ts';

/** The port belongs to another machine or another rule. */
const TAKEN = new Set([718, 729]);
/** Ports that programs take at random (RFC 6335). */
const FREE_PORTS = [49_152, 65_536] as const;

export class UpnpRouter implements Router {
  readonly protocol = 'upnp';
  readonly #network: RouterNetwork;
  readonly #service: UpnpService;
  /** Our address, as the router sees it. */
  readonly #localAddress: string;

  constructor(network: RouterNetwork, service: UpnpService, localAddress: string) {
    this.#network = network;
    this.#service = service;
    this.#localAddress = localAddress;
  }

  /** Rejects if the router does not answer, or has no such service. */
  static async find(
    network: RouterNetwork,
    router: string,
    localAddress: string,
    signal: AbortSignal,
  ): Promise<UpnpRouter> {
    const location = await searchRouter(network, router, localAddress, signal);
    const { status, text } = await network.request({ url: location, method: 'GET' }, signal);
    if (status !== 200) throw new RouterError(`it answers with HTTP status ${status}`);
    const found = servicesIn(text, location).map((one) => new UpnpRouter(network, one, localAddress));
    const [first, ...others] = found;
    if (first === undefined) throw new RouterError('it has no service that opens ports');
    // A router may list one service for each kind of line, and only one line is up.
    for (const one of [first, ...others]) if (await one.#isConnected(signal)) return one;
    return first;
  }

  async #isConnected(signal: AbortSignal): Promise<boolean> {
    const address = await this.externalAddress(signal).catch(() => null);
    return address !== null;
  }

  /** If another machine has the port, others are tried. */
  async map(wish: MappingWish, signal: AbortSignal): Promise<Grant> {
    let { externalPort } = wish;
    for (let tries = 1; ; tries++)
      try {
        await this.#add({ ...wish, externalPort }, signal);
        return { externalPort, lifetimeMs: wish.lifetimeMs };
      } catch (error) {
        const isTaken = error instanceof SoapError && TAKEN.has(error.code);
        if (!isTaken || tries === NAT_PORT_TRIES) throw error;
        externalPort = randomInt(...FREE_PORTS);
      }
  }

  async unmap({ transport, externalPort }: Mapping, signal: AbortSignal): Promise<void> {
    await this.#call(
      'DeletePortMapping',
      { NewRemoteHost: '', NewExternalPort: externalPort, NewProtocol: transport.toUpperCase() },
      signal,
    );
  }

  async externalAddress(signal: AbortSignal): Promise<string | null> {
    const fields = await this.#call('GetExternalIPAddress', {}, signal);
    const address = xmlText(fields, 'NewExternalIPAddress') ?? '';
    return ipv4Number(address) === null || ipv4Number(address) === 0 ? null : address;
  }

  /** Both versions know this action, and it also renews. */
  async #add({ transport, port, externalPort, lifetimeMs }: MappingWish, signal: AbortSignal): Promise<void> {
    await this.#call(
      'AddPortMapping',
      {
        NewRemoteHost: '',
        NewExternalPort: externalPort,
        NewProtocol: transport.toUpperCase(),
        NewInternalPort: port,
        NewInternalClient: this.#localAddress,
        NewEnabled: 1,
        NewPortMappingDescription: 'unchoke',
        NewLeaseDuration: Math.ceil(lifetimeMs / 1_000),
      },
      signal,
    );
  }

  #call(action: string, given: Readonly<Record<string, string | number>>, signal: AbortSignal) {
    return callService(this.#network, this.#service, action, given, signal);
  }
}
