/** An internet of network namespaces: a public host, and two hosts behind a router each that drops what was not asked for. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ChildLines } from './child-lines.ts';
import { type RunningCli, startCli } from './cli.ts';
import { ROOT } from './paths.ts';
import { ended } from './processes.ts';

const CLIENTS = join(ROOT, 'test', 'interop', 'clients');
const PYTHON = '/usr/bin/python3';

/** The address of each host, and the one where others see it. */
export const HOSTS = {
  relay: { own: '11.80.0.2', seen: '11.80.0.2' },
  left: { own: '192.168.1.2', seen: '11.81.0.2' },
  right: { own: '192.168.2.2', seen: '11.82.0.2' },
} as const;
export type LabHost = keyof typeof HOSTS;

/** A libtorrent in the lab. */
export interface LabClient {
  readonly lines: ChildLines;
  /** Its own port. Routers keep it. */
  readonly port: number;
  /** An order, as a line of its stdin. */
  say(order: string): void;
  /** The same, and waits until it repeats it. */
  done(order: string): Promise<void>;
}

export class NatLab {
  readonly #child: ChildProcess;
  readonly #pids: ReadonlyMap<string, string>;
  readonly #clients: ChildProcess[] = [];
  readonly #ours: ChildProcess[] = [];

  private constructor(child: ChildProcess, pids: ReadonlyMap<string, string>) {
    this.#child = child;
    this.#pids = pids;
  }

  /** `masquerade`: the flags of nft for both routers. */
  static async open(masquerade = ''): Promise<NatLab> {
    const script = join(CLIENTS, 'holepunch-namespace.sh');
    const child = spawn('unshare', ['-n', 'sh', script, masquerade], { stdio: ['pipe', 'pipe', 'pipe'] });
    const lines = new ChildLines(child);
    const pids = new Map<string, string>();
    for (const name of ['relay', 'left', 'right', 'leftrouter', 'rightrouter']) {
      const [, pid = ''] = await lines.first(new RegExp(`^host ${name} (\\d+)`));
      pids.set(name, pid);
    }
    await lines.first(/^ready/);
    return new NatLab(child, pids);
  }

  /** What runs a program on this host. */
  on(host: LabHost | 'leftrouter' | 'rightrouter'): readonly string[] {
    return ['nsenter', '-t', this.#pids.get(host) ?? '', '-n'];
  }

  /** Packets that the router of this host dropped: nobody behind it had asked for them. */
  dropped(host: 'left' | 'right'): number {
    const [program = '', ...before] = this.on(`${host}router`);
    const said = execFileSync(program, [...before, 'nft', 'list', 'counters'], { encoding: 'utf8' });
    return Number(/packets (\d+)/.exec(said)?.[1]);
  }

  /** Something of the torrent in `folder`, by libtorrent-seed.py. */
  async seed(host: LabHost, torrent: string, folder: string, settings: object): Promise<LabClient> {
    const script = join(CLIENTS, 'libtorrent-seed.py');
    const given = { ...ONE_PER_ADDRESS, ...settings };
    return this.#start(host, [script, torrent, folder, HOSTS[host].own, JSON.stringify(given)]);
  }

  /** A download by libtorrent-leech.py. */
  async leech(host: LabHost, order: object): Promise<LabClient> {
    const script = join(CLIENTS, 'libtorrent-leech.py');
    const given = { host: HOSTS[host].own, settings: {}, ...order };
    return this.#start(host, [script, JSON.stringify(given)]);
  }

  async #start(host: LabHost, args: readonly string[]): Promise<LabClient> {
    const [program = '', ...before] = this.on(host);
    const child = spawn(program, [...before, PYTHON, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#clients.push(child);
    const lines = new ChildLines(child);
    const [, port] = await lines.first(/^port (\d+)/);
    const say = (order: string): void => void child.stdin?.write(`${order}\n`);
    return {
      lines,
      port: Number(port),
      say,
      done: async (order) => {
        const from = lines.count;
        say(order);
        await lines.first(new RegExp(`^${order}$`), from);
      },
    };
  }

  /** One of ours: ended with the lab, if it has not ended before. */
  start(host: LabHost, args: readonly string[]): RunningCli {
    const running = startCli(args, this.on(host));
    this.#ours.push(running.child);
    return running;
  }

  async close(): Promise<void> {
    await Promise.all(this.#ours.map((child) => ended(child, () => child.kill('SIGINT'))));
    await Promise.all(this.#clients.map((client) => ended(client, () => client.stdin?.end())));
    await ended(this.#child, () => this.#child.stdin?.end());
  }
}

/** As users have it: a second connection to the same address is a duplicate. */
const ONE_PER_ADDRESS = { allow_multiple_connections_per_ip: false, close_redundant_connections: false };
