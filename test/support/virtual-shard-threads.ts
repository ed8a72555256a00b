/** The shard threads of a simulated session: each is a whole shard over the virtual network, and may die. */
import type { ShardThreads } from '../../src/main/pools/shard-pool.ts';
import type { TaskLine } from '../../src/main/pools/task-threads.ts';
import type { FileSystem } from '../../src/shared/file-system.ts';
import { TICK_MS } from '../../src/shared/limits.ts';
import { LivedClock } from '../../src/shared/lived-clock.ts';
import type { ShardCommand, ShardEvent, ShardTask } from '../../src/shared/messages.ts';
import { Shard } from '../../src/workers/shard/shard.ts';
import { HedgedTransport } from '../../src/workers/transport/hedged-transport.ts';
import type { Address, ConnectionEvents } from '../../src/workers/transport/transport.ts';
import { dice, drawnBytes } from './dice.ts';
import { ownDescriptors } from './own-descriptors.ts';
import type { ProcessLoop } from './process-loop.ts';
import { VirtualLine } from './virtual-line.ts';
import { type VirtualNet, VirtualTransport } from './virtual-net.ts';

type Task = Omit<ShardTask<unknown>, 'port'>;

interface Life {
  readonly shard: Shard;
  readonly transport: VirtualTransport;
  isDead: boolean;
  readonly end: (error?: unknown) => void;
}

export class VirtualShardThreads implements ShardThreads {
  readonly lives: Life[] = [];
  readonly #process: ProcessLoop;
  readonly #net: VirtualNet;
  readonly #files: FileSystem;
  readonly #seed: number;
  readonly #onBug: (error: unknown) => void;

  constructor(
    process: ProcessLoop,
    net: VirtualNet,
    files: FileSystem,
    seed: number,
    onBug: (error: unknown) => void,
  ) {
    this.#process = process;
    this.#net = net;
    this.#files = files;
    this.#seed = seed;
    this.#onBug = onBug;
  }

  get alive(): readonly Life[] {
    return this.lives.filter(({ isDead }) => !isDead);
  }

  start(task: Task, hear: (event: ShardEvent) => void): TaskLine<ShardCommand> {
    const { time } = this.#process.loop;
    const roll = dice(this.#seed + task.shard * 7_919);
    const line = new VirtualLine(this.#process, roll);
    const transport = new VirtualTransport(this.#net);
    const lived = new LivedClock(this.#process.now);
    const own = ownDescriptors(this.#files);
    let isClosed = false;
    const unlessDead = (work: () => void) => (): void => {
      if (!life.isDead) work();
    };
    const ended = new Promise<void>((resolve, reject) => {
      const end = (error?: unknown): void => {
        if (life.isDead) return;
        life.isDead = true;
        own.closeAll();
        // Earlier messages may still arrive or not: the end of a thread is reported on a separate way.
        line.up(null, () => (error === undefined ? resolve() : reject(error)));
      };
      const later = (ms: number, work: () => void): void => time.after(ms, unlessDead(work));
      const shard = new Shard(
        { ...task, port: null },
        {
          clock: lived.now,
          shared: lived.shared,
          files: own.files,
          transport: task.utp ? withUtp(this.#net, transport, { clock: lived.now, later }) : transport,
          random: () => roll(1_000_003) / 1_000_003,
          randomBytes: drawnBytes(roll),
          soon: (work) => time.soon(unlessDead(work)),
          later,
          ownAddresses: this.#net.ownAddresses,
          post: (event) =>
            line.up(event, (copy) => {
              if (!isClosed) hear(copy as ShardEvent);
            }),
          load: () => ({ activeMs: 0, lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0 }),
          fail: (error) => {
            this.#onBug(error);
            this.#die(life, error);
          },
        },
      );
      this.lives.push({ shard, transport, isDead: false, end });
    });
    const life = this.lives.at(-1) as Life;
    const tick = (): void => {
      life.shard.guard(() => life.shard.tick());
      time.after(TICK_MS, unlessDead(tick));
    };
    time.after(TICK_MS, unlessDead(tick));
    return {
      ended,
      post: (command) =>
        line.down(command, (copy) => {
          if (life.isDead) return;
          life.shard.guard(() => life.shard.command(copy as ShardCommand));
          if (command.type === 'stop') life.end();
        }),
      close: () => {
        isClosed = true;
      },
    };
  }

  /** Kills one of the living threads; `which` counts from the oldest. */
  kill(which: number): boolean {
    const { alive } = this;
    const life = alive[which % Math.max(1, alive.length)];
    if (life === undefined) return false;
    this.#die(life, new Error('injected death of a shard'));
    return true;
  }

  /** The process is killed: nobody hears of it. */
  killAll(): void {
    for (const life of this.alive) {
      life.isDead = true;
      life.transport.die();
    }
  }

  async end(): Promise<void> {
    for (const life of this.alive) this.#die(life, new Error('terminated'));
  }

  #die(life: Life, error: unknown): void {
    life.end(error);
    life.transport.die();
  }
}

/** Beside TCP. Others connect to us over TCP alone. */
function withUtp(
  net: VirtualNet,
  tcp: VirtualTransport,
  time: ConstructorParameters<typeof HedgedTransport>[2],
): HedgedTransport {
  const utp = new VirtualTransport(net, tcp);
  const second = {
    connect: (address: Address, events: ConnectionEvents) => utp.connect(address, events),
    listen: () => ({ close: () => {} }),
    accept: () => ({ close: () => {} }),
    close: () => utp.close(),
  };
  return new HedgedTransport(tcp, second, time);
}
