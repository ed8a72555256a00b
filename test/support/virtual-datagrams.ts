/** UDP in a simulated network: sockets of a process, servers at their addresses, and packets that come late or not at all. */
import type {
  DatagramSocket,
  OpenSocket,
  Sender,
  SocketHears,
} from '../../src/main/discovery/environment.ts';
import type { Roll } from './personas.ts';
import type { ProcessLoop } from './process-loop.ts';
import type { VirtualNet } from './virtual-net.ts';

const LATENCY_MS = 120;
/** One packet in so many is lost. */
const LOST_ONE_IN = 25;

/** What a server answers; null: nothing. */
type Answers = (bytes: Buffer) => Buffer | null;

export class VirtualDatagrams {
  readonly #net: VirtualNet;
  readonly #roll: Roll;
  readonly #servers = new Map<string, Answers>();

  constructor(net: VirtualNet, roll: Roll) {
    this.#net = net;
    this.#roll = roll;
  }

  serve(host: string, port: number, answers: Answers): void {
    this.#servers.set(`${host}:${port}`, answers);
  }

  /** How a process opens sockets. */
  opener(process: ProcessLoop): OpenSocket {
    return (_family, _isShared, hears) => this.#open(process, hears);
  }

  #open(process: ProcessLoop, hears: SocketHears): DatagramSocket {
    let target: Sender = { address: '0.0.0.0', port: 0 };
    let isOpen = true;
    const soon = (ms: number, work: () => void): void =>
      process.after(ms, () => {
        if (isOpen) work();
      });
    return {
      bind: (_port, _address, bound) => soon(0, () => bound?.()),
      connect: (port, address, connected) => {
        target = { address, port };
        const error = this.#net.state === 'unreachable' ? unreachable() : null;
        soon(0, () => connected(error));
      },
      send: (bytes, to, sent) => {
        const { address, port } = to ?? target;
        if (this.#net.state === 'unreachable') return soon(0, () => sent(unreachable()));
        soon(0, () => sent(null));
        const answer = this.#servers.get(`${address}:${port}`)?.(Buffer.from(bytes)) ?? null;
        if (answer === null || this.#isLost() || this.#isLost()) return;
        soon(1 + this.#roll(LATENCY_MS), () => {
          if (this.#net.state === 'up') hears.onMessage(answer, { address, port });
        });
      },
      joinGroup: () => {},
      localPort: () => 1,
      hold: () => {},
      close: () => {
        isOpen = false;
        hears.onClose?.();
      },
    };
  }

  #isLost(): boolean {
    return this.#net.state !== 'up' || this.#roll(LOST_ONE_IN) === 0;
  }
}

function unreachable(): Error {
  return Object.assign(new Error('send ENETUNREACH'), { code: 'ENETUNREACH' });
}
