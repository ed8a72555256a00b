/**
 * Hosts behind a router, each a network namespace of its own with one address. The router is the namespace of this process.
 * libtorrent takes peers of loopback and of private networks (10.0.0.0/8 and others) out of its upload slots and limits, so
 * the addresses are from a public network.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ended, firstLine } from '../test/support/processes.ts';

export interface Host {
  readonly address: string;
  /** The process that keeps its namespace. */
  readonly pid: number;
  /** This command, run on the host. */
  command(program: readonly string[]): string[];
}

export interface RoutedHosts {
  readonly hosts: readonly Host[];
  /** An address of this process that every host can reach. */
  readonly router: string;
  stop(): Promise<void>;
}

const NETWORK = '11.0';
const MOST = 250;

/** The shell keeps the namespace until its stdin ends. What an earlier connection measured must not help a later one. */
const HOLDER = `echo made; read ip router
ip link set lo up; ip addr add $ip/24 dev eth0; ip link set eth0 up; ip route add default via $router
echo 1 > /proc/sys/net/ipv4/tcp_no_metrics_save
echo up; exec cat > /dev/null`;

export async function routedHosts(count: number): Promise<RoutedHosts> {
  if (count > MOST) throw new Error(`${count} hosts: at most ${MOST}`);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const holders = await Promise.all(Array.from({ length: count }, (_, i) => opened(i)));
  return {
    hosts: holders.map(({ pid }, i) => hostOf(i, pid)),
    router: address(0, 1),
    stop: async () => {
      await Promise.all(holders.map((holder) => ended(holder, () => holder.stdin?.end())));
    },
  };
}

const address = (host: number, end: number): string => `${NETWORK}.${host + 1}.${end}`;
const device = (host: number): string => `host${host}`;

async function opened(i: number): Promise<ChildProcess> {
  const holder = spawn('unshare', ['--net', 'sh', '-ec', HOLDER], { stdio: ['pipe', 'pipe', 'pipe'] });
  await firstLine(holder, /^made/);
  const ip = (...words: readonly string[]): unknown => execFileSync('ip', words);
  ip(...['link', 'add', device(i), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(holder.pid)]);
  ip('addr', 'add', `${address(i, 1)}/24`, 'dev', device(i));
  ip('link', 'set', device(i), 'up');
  holder.stdin.write(`${address(i, 2)} ${address(i, 1)}\n`);
  await firstLine(holder, /^up/);
  return holder;
}

function hostOf(i: number, pid: number | undefined): Host {
  return {
    address: address(i, 2),
    pid: pid ?? 0,
    command: (program) => ['nsenter', '--target', String(pid), '--net', ...program],
  };
}
