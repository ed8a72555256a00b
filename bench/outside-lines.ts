/**
 * Lines of hosts to one outside host: each with a rate of its own, beside the network that the hosts share without limit. The outside host
 * reaches them over these lines alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Host } from './routed-hosts.ts';

export interface OutsideLine {
  /** Bytes that came to the host over it, with all headers. */
  received(): number;
  remove(): void;
}

const NETWORK = '12.0';
const run = (command: string, ...words: readonly string[]): unknown => execFileSync(command, words);

/** `i`: of the host. `mbit`: megabits per second towards the host. */
export function outsideLine(host: Host, i: number, outside: Host, mbit: number): OutsideLine {
  const device = `out${i}`;
  const [router, own] = [`${NETWORK}.${i + 1}.1`, `${NETWORK}.${i + 1}.2`];
  const inside = (...words: readonly string[]): void => {
    const [program = '', ...rest] = host.command(words);
    execFileSync(program, rest);
  };
  run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', String(host.pid));
  run('ip', 'addr', 'add', `${router}/24`, 'dev', device);
  run('ip', 'link', 'set', device, 'up');
  inside('ip', 'addr', 'add', `${own}/24`, 'dev', 'eth1');
  inside('ip', 'link', 'set', 'eth1', 'up');
  inside('ip', 'route', 'add', `${outside.address}/32`, 'via', router, 'src', own);
  limit(device, mbit);
  return {
    received: () => sentOver(device),
    remove: () => void run('ip', 'link', 'del', device),
  };
}

/** Call it once for the outside host: it may learn other addresses of the hosts from its peers. */
export function keepOutside(outside: Host): void {
  for (const words of [
    ['ip', 'route', 'add', `${NETWORK}.0.0/16`, 'via', outside.address.replace(/\d+$/, '1')],
    ['ip', 'route', 'del', 'default'],
  ]) {
    const [program = '', ...rest] = outside.command(words);
    execFileSync(program, rest);
  }
}

/** The ninth figure of its line in /proc/net/dev, which shows this namespace, as /sys does not. */
function sentOver(device: string): number {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((one) => one.trim().startsWith(`${device}:`));
  return Number(line?.split(':')[1]?.trim().split(/ +/)[8] ?? 0);
}

/** What leaves over this device is limited: a bucket of 20 ms, and at most 100 ms of waiting packets. Without a host it is the router's. */
export function limit(device: string, mbit: number, host?: Host): void {
  const burst = Math.max(16_384, Math.round((mbit * 1e6 * 0.02) / 8));
  const how = ['tbf', 'rate', `${mbit}mbit`, 'burst', String(burst), 'latency', '100ms'];
  const words = ['tc', 'qdisc', 'add', 'dev', device, 'root', ...how];
  const [program = '', ...rest] = host?.command(words) ?? words;
  execFileSync(program, rest);
}
