/**
 * A machine in virtual time, with its network and its disk, and the process of a session on it. A process that is killed leaves
 * the machine as it is, and the next one goes on from there.
 */

import type { KeptNode } from '../../src/main/discovery/node-file.ts';
import { type FindRouter, RouterError } from '../../src/main/network/nat/router.ts';
import type { SessionUse } from '../../src/main/session/session.ts';
import { DEFAULT_SESSION, type SessionSettings } from '../../src/main/session/settings.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { dice } from './dice.ts';
import type { Roll } from './personas.ts';
import { VirtualDatagrams } from './virtual-datagrams.ts';
import { type DiskAbilities, VirtualFiles } from './virtual-files.ts';
import type { VirtualHttp } from './virtual-http.ts';
import { VirtualLoop } from './virtual-loop.ts';
import { VirtualNet } from './virtual-net.ts';
import { VirtualSession } from './virtual-session.ts';
import type { Truth } from './virtual-storage-threads.ts';
import { VirtualTrackers } from './virtual-trackers.ts';

const FIRST_PROCESS = 1_000;

export interface MachineOptions {
  readonly settings: SessionSettings;
  readonly use: SessionUse;
  readonly seed: number;
  readonly disk?: DiskAbilities;
  /** The servers of web seeds, for a thread that begins. */
  readonly servers?: (http: VirtualHttp) => void;
}

export class VirtualMachine {
  readonly loop = new VirtualLoop();
  readonly net: VirtualNet;
  readonly disk: VirtualFiles;
  readonly trackers: VirtualTrackers;
  readonly datagrams: VirtualDatagrams;
  /** Peers that searches of the DHT find, by the info hash in hexadecimal. */
  readonly dhtPeers = new Map<string, readonly HostPort[]>();
  /** Nodes of the DHT that were kept for the next process. */
  keptNodes: readonly KeptNode[] = [];
  /** How long it was asleep: its calendar went on, its monotonic clock did not. */
  sleptMs = 0;
  readonly servers: (http: VirtualHttp) => void;
  /** Its router, if one is looked for. */
  findRouter: FindRouter = () => Promise.reject(new RouterError('this machine has no router'));
  /** The true bytes of each torrent, by its hashes. */
  readonly truths = new Map<string, Truth>();
  /** Bugs of ours that came up anywhere. */
  readonly bugs: unknown[] = [];
  /** The process that runs, or ran last. */
  current: VirtualSession;
  readonly #options: MachineOptions;
  readonly #roll: Roll;
  #processes = 0;

  constructor(options: MachineOptions) {
    const {
      seed,
      disk = { holdsFolders: true, hasLinks: true, hasClones: false },
      servers = () => {},
    } = options;
    this.#options = options;
    this.#roll = dice(seed + 8);
    this.servers = servers;
    this.net = new VirtualNet(this.loop.time, dice(seed + 1));
    this.disk = new VirtualFiles(this.loop.time.now, disk);
    this.trackers = new VirtualTrackers(this.net, dice(seed + 2));
    this.datagrams = new VirtualDatagrams(this.net, dice(seed + 9));
    this.current = this.#process();
  }

  /** The process is killed. `losesPower`: what was not flushed to the disk may be gone as well. */
  kill(losesPower: boolean): void {
    this.current.kill();
    if (losesPower) this.disk.losePower(this.#roll);
  }

  /** The next process begins. */
  restart(): void {
    this.current = this.#process();
  }

  #process(): VirtualSession {
    const { settings, use, seed } = this.#options;
    const number = FIRST_PROCESS + this.#processes++;
    return new VirtualSession(this, number, settings, use, seed + this.#processes * 15_485_863);
  }

  /** What is left after the end of a session, in words. */
  get left(): string[] {
    const { net, current } = this;
    const connections = net.links.size > 0 ? [`${net.links.size} connections`] : [];
    return [
      ...current.left,
      ...connections,
      ...(net.listeners.size === 0 ? [] : [`${net.listeners.size} listening sockets`]),
    ];
  }
}

/** For one torrent: one thread of each kind, and no way to peers but those that a test names. */
export function aloneMachine(): VirtualMachine {
  const quiet = { port: null, dht: false, lsd: false, utp: false };
  const settings = { ...DEFAULT_SESSION, ...quiet, shards: 1, hashers: 1 };
  return new VirtualMachine({ settings, use: { downloads: true, torrents: 1 }, seed: 1 });
}
