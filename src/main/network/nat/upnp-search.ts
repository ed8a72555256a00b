/** The search for the description of the router, by multicast (SSDP of the UPnP device architecture). */
import { MAX_NAT_PACKET_BYTES, NAT_SEARCH_MS, NAT_SEARCH_REPEATS } from '../../../shared/limits.ts';
import { networkWords } from '../../../shared/network-words.ts';
import { RouterError, RouterSilent } from './router.ts';
import type { RouterNetwork, SearchLink } from './router-network.ts';
import { urlAtRouter } from './upnp-service.ts';

/** A device of version 2 answers to the first as well; some answer only to their own. */
const TARGETS = [
  'urn:schemas-upnp-org:device:InternetGatewayDevice:1',
  'urn:schemas-upnp-org:device:InternetGatewayDevice:2',
];

export function searchPacket(target: string): Uint8Array {
  return Buffer.from(
    `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ${target}\r\n\r\n`,
  );
}

/** Null if it is not an answer of this router, or names another host. */
export function locationIn(packet: Buffer, sender: string, router: string): URL | null {
  if (sender !== router || packet.length > MAX_NAT_PACKET_BYTES) return null;
  const [status = '', ...lines] = packet.toString('latin1').split(/\r?\n/);
  if (!/^HTTP\/1\.[01] 200\b/.test(status)) return null;
  const header = (name: string): string => {
    const line = lines.find((one) => one.slice(0, name.length + 1).toLowerCase() === `${name}:`);
    return line?.slice(name.length + 1).trim() ?? '';
  };
  const isGateway = TARGETS.includes(header('st'));
  return isGateway ? urlAtRouter(header('location'), new URL(`http://${router}/`)) : null;
}

/** Where the router describes itself. Rejects with RouterError, and at once when `signal` aborts. Nothing is open after it. */
export function searchRouter(
  network: Pick<RouterNetwork, 'openSearch' | 'later'>,
  router: string,
  localAddress: string,
  signal: AbortSignal,
): Promise<URL> {
  return new Promise((resolve, reject) => {
    let link: SearchLink | null = null;
    let isOver = false;
    const cancels: (() => void)[] = [];
    const end = (): void => {
      isOver = true;
      for (const cancel of cancels) cancel();
      signal.removeEventListener('abort', abort);
      link?.close();
    };
    const fail = (error: RouterError): void => {
      if (isOver) return;
      end();
      reject(error);
    };
    const abort = (): void => fail(new RouterSilent('it was not waited for'));
    const onError = (error: Error): void => fail(new RouterError(networkWords(error), { cause: error }));
    const onMessage = (packet: Buffer, sender: string): void => {
      const location = isOver ? null : locationIn(packet, sender, router);
      if (location === null) return;
      end();
      resolve(location);
    };
    const send = (): void => {
      for (const target of TARGETS) link?.send(searchPacket(target));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    cancels.push(network.later(NAT_SEARCH_MS, () => fail(new RouterSilent('it does not answer'))));
    network.openSearch(localAddress, { onMessage, onError }).then((opened) => {
      link = opened;
      if (isOver) return opened.close();
      send();
      for (let i = 1; i < NAT_SEARCH_REPEATS && !isOver; i++)
        cancels.push(network.later((NAT_SEARCH_MS / NAT_SEARCH_REPEATS) * i, send));
    }, onError);
  });
}
