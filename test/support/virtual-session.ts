/** A whole session in one thread and in virtual time: main, shards, storage threads and web-seed thread. */
import { Session, type SessionUse } from '../../src/main/session/session.ts';
import type { SessionWorld } from '../../src/main/session/session-world.ts';
import type { SessionSettings } from '../../src/main/session/settings.ts';
import { dice } from './dice.ts';
import { FaultyDisk } from './faulty-disk.ts';
import { VirtualHttp } from './virtual-http.ts';
import { VirtualLoop } from './virtual-loop.ts';
import { VirtualNet } from './virtual-net.ts';
import { VirtualShardThreads } from './virtual-shard-threads.ts';
import { VirtualStorageThreads } from './virtual-storage-threads.ts';
import { VirtualTrackers } from './virtual-trackers.ts';
import { VirtualWebSeedThreads } from './virtual-web-seed-threads.ts';

/** The start of the calendar. */
const DAY_ONE_MS = 1_700_000_000_000;

export class VirtualSession {
  readonly loop = new VirtualLoop();
  readonly net: VirtualNet;
  readonly disk = new FaultyDisk();
  readonly trackers: VirtualTrackers;
  readonly shards: VirtualShardThreads;
  readonly storage: VirtualStorageThreads;
  readonly webSeeds: VirtualWebSeedThreads;
  readonly session: Session;
  /** Bugs of ours that appeared anywhere. */
  readonly bugs: unknown[] = [];

  /** `servers`: the servers of web seeds, for each new thread. */
  constructor(
    settings: SessionSettings,
    use: SessionUse,
    seed: number,
    servers: (http: VirtualHttp, session: VirtualSession) => void,
  ) {
    const { loop } = this;
    const onBug = (error: unknown): void => void this.bugs.push(error);
    this.net = new VirtualNet(loop.time, dice(seed + 1));
    this.trackers = new VirtualTrackers(loop, this.net, dice(seed + 2));
    this.shards = new VirtualShardThreads(loop, this.net, seed + 3, onBug);
    this.storage = new VirtualStorageThreads(loop, this.disk, dice(seed + 4), onBug);
    const http = (): VirtualHttp => {
      const after = (ms: number, work: () => void): void =>
        loop.time.after(ms, () => {
          loop.touch();
          work();
        });
      const own = new VirtualHttp({ now: loop.time.now, after });
      servers(own, this);
      return own;
    };
    this.webSeeds = new VirtualWebSeedThreads(loop, seed + 5, http, onBug);
    const roll = dice(seed + 6);
    const world: SessionWorld = {
      ...loop.world(roll, this.net.ownAddresses),
      storage: this.storage,
      hasDisk: false,
      http: () => this.trackers,
      shardThreads: this.shards,
      webSeedThreads: this.webSeeds,
      discovery: {
        now: loop.now,
        calendar: () => DAY_ONE_MS + loop.now(),
        later: loop.plainLater,
        livedLater: loop.later,
        randomBelow: roll,
        lookUp: async () => [{ address: '11.250.0.1', family: 4 }],
        interfaces: () => ({}),
        openSocket: () => {
          throw new Error('no datagrams here');
        },
        dhtLibrary: async () => {
          throw new Error('no DHT here');
        },
        nodeStore: () => {
          throw new Error('no DHT here');
        },
      },
    };
    this.session = new Session(settings, use, world);
  }

  /** What is still open after the end, in words. */
  get left(): string[] {
    const { loop, net, shards, webSeeds, disk } = this;
    const counts: readonly (readonly [string, number])[] = [
      ['timers of the main thread', loop.pending],
      ['connections', net.links.size],
      ['shards', shards.alive.length],
      ['web-seed threads', webSeeds.isAlive ? 1 : 0],
      ['open files', disk.openCount],
      ['listening sockets', net.listeners.size],
    ];
    return counts.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`);
  }
}
