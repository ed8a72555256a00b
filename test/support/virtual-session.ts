/**
 * A whole session in one thread and in virtual time, as a process of a simulated machine: its main part, its shards, its storage
 * threads and its web-seed thread. It may be killed at any moment.
 */

import { Session, type SessionUse } from '../../src/main/session/session.ts';
import type { SessionWorld } from '../../src/main/session/session-world.ts';
import type { SessionSettings } from '../../src/main/session/settings.ts';
import { LookUpError } from '../../src/shared/name-lookup.ts';
import { diskOver } from '../../src/workers/storage/system-disk.ts';
import { dice } from './dice.ts';
import { ProcessFiles } from './process-files.ts';
import { ProcessLoop } from './process-loop.ts';
import { VirtualDht } from './virtual-environment.ts';
import { VirtualHttp } from './virtual-http.ts';
import type { VirtualMachine } from './virtual-machine.ts';
import { FREE_PORT } from './virtual-net.ts';
import { VirtualShardThreads } from './virtual-shard-threads.ts';
import { VirtualStorageThreads } from './virtual-storage-threads.ts';
import { VirtualWebSeedThreads } from './virtual-web-seed-threads.ts';

/** The node of the DHT that is always there. */
export const DHT_NODE = { host: '11.251.0.1', port: 6_881 };

/** Of the calendar. */
const DAY_ONE_MS = 1_700_000_000_000;

export class VirtualSession {
  readonly process: ProcessLoop;
  readonly files: ProcessFiles;
  readonly shards: VirtualShardThreads;
  readonly storage: VirtualStorageThreads;
  readonly webSeeds: VirtualWebSeedThreads;
  readonly session: Session;
  readonly world: SessionWorld;

  constructor(
    machine: VirtualMachine,
    number: number,
    settings: SessionSettings,
    use: SessionUse,
    seed: number,
  ) {
    const { loop, net, bugs } = machine;
    const process = new ProcessLoop(loop);
    this.process = process;
    const onBug = (error: unknown): void => void bugs.push(error);
    this.files = new ProcessFiles(machine.disk, process, dice(seed + 7));
    this.shards = new VirtualShardThreads(process, net, this.files, seed + 3, onBug);
    const disk = diskOver(this.files, () => 0n);
    this.storage = new VirtualStorageThreads(process, disk, machine.truths, dice(seed + 4), onBug);
    const http = (): VirtualHttp => {
      const own = new VirtualHttp({ now: loop.time.now, after: process.after });
      machine.servers(own);
      return own;
    };
    this.webSeeds = new VirtualWebSeedThreads(process, seed + 5, http, onBug);
    const roll = dice(seed + 6);
    const startOf = (pid: number): string | null => (pid === number ? 'then' : null);
    this.world = {
      ...process.clocks,
      random: () => roll(1_000_003) / 1_000_003,
      ownAddresses: net.ownAddresses,
      reservePort: async (port) => (port === 0 ? FREE_PORT : port),
      files: this.files,
      processes: { own: number, system: () => 'here', isAlive: (pid) => pid === number, startOf },
      storage: this.storage,
      http: () => machine.trackers.client(process),
      findRouter: (signal) => machine.findRouter(signal),
      shardThreads: this.shards,
      webSeedThreads: this.webSeeds,
      discovery: {
        now: loop.now,
        calendar: () => DAY_ONE_MS + machine.sleptMs + loop.now(),
        later: process.plainLater,
        livedLater: process.later,
        randomBelow: roll,
        lookUp: async (host) => {
          if (net.state !== 'up') throw new LookUpError('ETIMEOUT');
          return [{ address: addressOf(host), family: 4 }];
        },
        interfaces: () => ({}),
        openSocket: machine.datagrams.opener(process),
        dhtLibrary: async () => dhtOf(machine, process).library,
        nodeStore: () => ({
          read: () => machine.keptNodes,
          keep: (nodes) => {
            machine.keptNodes = nodes;
          },
        }),
      },
    };
    this.session = new Session(settings, use, this.world);
  }

  /** SIGKILL: nothing of it goes on, and the system closes what it had open. */
  kill(): void {
    this.process.kill();
    this.shards.killAll();
    this.webSeeds.killAll();
    this.storage.killAll();
    this.files.kill();
  }

  /** What is still open after the end, in words. */
  get left(): string[] {
    const { process, shards, webSeeds, files } = this;
    const counts: readonly (readonly [string, number])[] = [
      ['timers of the main thread', process.pending],
      ['shards', shards.alive.length],
      ['web-seed threads', webSeeds.isAlive ? 1 : 0],
      ['open files', files.openCount],
    ];
    return counts.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`);
  }
}

/** `t3.torrent1.test` is at 11.240.1.3. */
export function addressOf(host: string): string {
  const [, which = '1', torrent = '0'] = /^t(\d+)\.torrent(\d+)\.test$/.exec(host) ?? [];
  return `11.240.${torrent}.${which}`;
}

function dhtOf({ net, dhtPeers }: VirtualMachine, process: ProcessLoop): VirtualDht {
  const later = (ms: number, work: () => void): (() => void) => {
    process.after(ms, work);
    return () => {};
  };
  const dht = new VirtualDht({ later });
  dht.up.add(`${DHT_NODE.host} ${DHT_NODE.port}`);
  dht.isReachable = () => net.state === 'up';
  dht.peersOf = (_, infoHash) => dhtPeers.get(infoHash.toString('hex')) ?? [];
  return dht;
}
