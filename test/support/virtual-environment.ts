/** The environment of discovery in virtual time: sockets that a test answers, a DHT library, and timers that are counted. */
import { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import type { DhtLibrary, LibraryClient, LibraryNode } from '../../src/main/discovery/dht-library.ts';
import type {
  DatagramSocket,
  Environment,
  Interfaces,
  OpenSocket,
  Sender,
  SocketHears,
} from '../../src/main/discovery/environment.ts';
import type { KeptNode } from '../../src/main/discovery/node-file.ts';
import type { Later } from '../../src/shared/lived-timer.ts';
import { LookUpError } from '../../src/shared/name-lookup.ts';
import { VirtualTime } from './virtual-time.ts';

const STEP_MS = 10;

export interface Packet {
  readonly ms: number;
  readonly bytes: Buffer;
  readonly to: Sender;
  /** Delivers bytes to the socket that sent the packet, from its target or from another sender. */
  readonly answer: (bytes: Uint8Array, from?: Sender) => void;
}

export class VirtualEnvironment implements Environment {
  readonly #time = new VirtualTime();
  #dice = 1;
  /** Timers that are set now. */
  timers = 0;
  /** Sockets that are open now, and how many were opened in total. */
  sockets = 0;
  socketsOpened = 0;
  readonly packets: Packet[] = [];
  onPacket: (packet: Packet) => void = () => {};
  readonly dht = new VirtualDht(this);
  readonly kept: KeptNode[] = [];
  interfaceList: Interfaces = {};
  /** Sockets that are bound now get this error; null: they get a port. */
  bindError: Error | null = null;

  readonly now = this.#time.now;
  readonly calendar = this.#time.now;
  readonly later: Later = (ms, work) => {
    let isSet = true;
    this.timers += 1;
    const cancel = (): void => {
      if (isSet) this.timers -= 1;
      isSet = false;
    };
    this.#time.after(ms, () => {
      if (!isSet) return;
      cancel();
      work();
    });
    return cancel;
  };
  readonly livedLater = this.later;
  readonly randomBelow = (below: number): number => {
    this.#dice = (this.#dice * 48_271) % 0x7fff_ffff;
    return this.#dice % below;
  };
  /** Of a host; none if no name server knows the name. */
  addressesOf = (host: string): readonly string[] => (isIP(host) === 0 ? [] : [host]);
  readonly lookUp = async (host: string) => {
    const addresses = this.addressesOf(host);
    if (addresses.length === 0) throw new LookUpError('ENOTFOUND');
    return addresses.map((address) => ({ address, family: isIP(address) }));
  };
  readonly interfaces = () => this.interfaceList;
  readonly openSocket: OpenSocket = (_family, _isShared, hears) => this.#socketFor(hears);
  readonly dhtLibrary = () => Promise.resolve(this.dht.library);
  readonly nodeStore = () => ({
    read: () => this.kept,
    keep: (nodes: readonly KeptNode[]) => void this.kept.push(...nodes),
  });

  /** Lets time pass. The promises of each moment settle before the next. */
  async run(ms: number, stepMs = STEP_MS): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      // Work that takes no time happens at this moment.
      await new Promise(setImmediate);
      this.#time.run(0);
      await new Promise(setImmediate);
      this.#time.run(stepMs);
    }
    await new Promise(setImmediate);
  }

  #socketFor(hears: SocketHears): DatagramSocket {
    let target: Sender = { address: '0.0.0.0', port: 0 };
    let isOpen = true;
    this.sockets += 1;
    this.socketsOpened += 1;
    const soon = (work: () => void): void => {
      this.later(0, () => {
        if (isOpen) work();
      });
    };
    return {
      bind: (_port, _address, bound) =>
        soon(() => (this.bindError === null ? bound?.() : hears.onError(this.bindError))),
      connect: (port, address, connected) => {
        target = { address, port };
        soon(() => connected(null));
      },
      send: (bytes, to) => {
        const there = to ?? target;
        const answer = (reply: Uint8Array, from = there): void =>
          soon(() => hears.onMessage(Buffer.from(reply), from));
        const packet = { ms: this.now(), bytes: Buffer.from(bytes), to: there, answer };
        this.packets.push(packet);
        this.onPacket(packet);
      },
      joinGroup: () => {},
      localPort: () => 1,
      hold: () => {},
      close: () => {
        if (isOpen) this.sockets -= 1;
        isOpen = false;
        hears.onClose?.();
      },
    };
  }
}

/** The part of the DHT library that is used: nodes that are up answer, and a search takes some time. */
export class VirtualDht {
  readonly library: DhtLibrary;
  readonly up = new Set<string>();
  /** False while there is no way to any node. */
  isReachable = (): boolean => true;
  searchMs = 2_000;
  /** Peers that searches find, by the first byte of the info hash, or by all of it. */
  peersOf: (first: number, infoHash: Buffer) => readonly { readonly host: string; readonly port: number }[] =
    () => [];
  /** Info hashes by their first two bytes, in the order in which searches began; and those announced. */
  readonly searched: number[] = [];
  readonly announced: (readonly [infoHash: number, port: number])[] = [];
  searching = 0;
  mostAtOnce = 0;
  givenUp = 0;
  clients = 0;

  constructor(environment: Pick<Environment, 'later'>) {
    const dht = this;
    this.library = class extends EventEmitter implements LibraryClient {
      readonly #nodes: LibraryNode[] = [];
      readonly nodes = { count: () => this.#nodes.length, toArray: () => this.#nodes };
      readonly #socket: { close(): void };
      #isDestroyed = false;

      constructor({ socket }: { readonly socket: EventEmitter }) {
        super();
        this.#socket = socket as EventEmitter & { close(): void };
        dht.clients += 1;
      }

      addNode(node: LibraryNode): void {
        if (!dht.isReachable() || !dht.up.has(`${node.host} ${node.port}`)) return;
        environment.later(50, () => {
          if (this.#isDestroyed) return;
          if (this.#nodes.some(({ host, port }) => host === node.host && port === node.port)) return;
          this.#nodes.push(node);
          this.emit('node', node);
        });
      }

      lookup(infoHash: Buffer, done: (error: Error | null) => void): () => void {
        let isGivenUp = false;
        dht.searched.push(infoHash.readUInt16BE(0));
        dht.searching += 1;
        dht.mostAtOnce = Math.max(dht.mostAtOnce, dht.searching);
        environment.later(dht.searchMs, () => {
          dht.searching -= 1;
          const from = { host: this.#nodes[0]?.host };
          if (!isGivenUp && dht.isReachable())
            for (const peer of dht.peersOf(infoHash[0] ?? 0, infoHash))
              this.emit('peer', peer, infoHash, from);
          done(null);
        });
        return () => {
          if (!isGivenUp) dht.givenUp += 1;
          isGivenUp = true;
        };
      }

      announce(infoHash: Buffer, port: number, done: (error: Error | null) => void): void {
        dht.announced.push([infoHash.readUInt16BE(0), port]);
        environment.later(100, () => done(null));
      }

      destroy(closed: () => void): void {
        dht.clients -= 1;
        this.#isDestroyed = true;
        this.#socket.close();
        closed();
      }
    };
  }
}
