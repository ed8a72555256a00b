/** One question to the router over UDP: sent again after longer and longer waits until it is answered (RFC 6886, 3.1). */
import { NAT_FIRST_WAIT_MS, NAT_TRIES } from '../../../shared/limits.ts';
import { networkWords } from '../../../shared/network-words.ts';
import { RouterDeaf, RouterError, RouterSilent } from './router.ts';
import type { RouterLink, RouterNetwork } from './router-network.ts';

export interface Question<Answer> {
  /** `from`: our address, as the router sees it. */
  readonly bytes: (from: string) => Uint8Array;
  /** Null if the packet is not the answer. */
  readonly read: (packet: Buffer) => Answer | null;
}

/** Rejects with RouterError, and at once when `signal` aborts. Nothing is open after it. */
export function askRouter<Answer>(
  network: Pick<RouterNetwork, 'openLink' | 'later'>,
  { bytes, read }: Question<Answer>,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let link: RouterLink | null = null;
    let isOver = false;
    let cancel = (): void => {};
    const end = (): void => {
      isOver = true;
      cancel();
      signal.removeEventListener('abort', abort);
      link?.close();
    };
    const fail = (error: RouterError): void => {
      if (isOver) return;
      end();
      reject(error);
    };
    const abort = (): void => fail(new RouterSilent('it was not waited for'));
    const onError = (error: Error): void => fail(errorOf(error));
    const onMessage = (packet: Buffer): void => {
      if (isOver) return;
      const answer = read(packet);
      if (answer === null) return;
      end();
      resolve(answer);
    };
    const send = (opened: RouterLink, tries: number): void => {
      if (isOver) return;
      if (tries === NAT_TRIES) return fail(new RouterSilent('it does not answer'));
      opened.send(bytes(opened.localAddress));
      if (isOver) return;
      cancel = network.later(NAT_FIRST_WAIT_MS * 2 ** tries, () => send(opened, tries + 1));
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    network.openLink({ onMessage, onError }).then((opened) => {
      link = opened;
      if (isOver) opened.close();
      else send(opened, 0);
    }, onError);
  });
}

/** On most systems a packet to a closed port of the router makes the next call fail. */
function errorOf(error: NodeJS.ErrnoException): RouterError {
  if (error.code === 'ECONNREFUSED') return new RouterDeaf('no program listens there', { cause: error });
  return new RouterError(networkWords(error), { cause: error });
}
