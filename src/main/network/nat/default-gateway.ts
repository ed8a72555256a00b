/** The router of this machine: the gateway of its default route over IPv4. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { win32 } from 'node:path';
import { platform } from 'node:process';
import { reachOf } from '../../../shared/address-rules.ts';
import { NAT_ROUTES_MS } from '../../../shared/limits.ts';
import { RouterError } from './router.ts';

/** Flags of a route in Linux: it is up, and it has a gateway. */
const UP_WITH_GATEWAY = 3;

/** Null if there is none. Rejects with RouterError if the system does not say. */
export async function defaultGateway(signal: AbortSignal): Promise<string | null> {
  try {
    if (platform === 'linux')
      return gatewayOfLinux(await readFile('/proc/net/route', { encoding: 'latin1', signal }));
    return gatewayOfTable(await routingTable(signal));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A kernel without IPv4 has no such file.
    if (platform === 'linux' && code === 'ENOENT') return null;
    const reason = code ?? 'no answer';
    throw new RouterError(`this machine does not say which router it has (${reason})`, { cause: error });
  }
}

/** Other systems have no file for it. macOS, the BSDs and Windows have this program. */
function routingTable(signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const limits = { timeout: NAT_ROUTES_MS, signal, windowsHide: true };
    execFile(netstat(), ['-rn'], limits, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}

/** By its whole path: Windows looks first in the current folder, where downloads are. */
function netstat(): string {
  if (platform === 'win32')
    return win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'netstat.exe');
  return platform === 'darwin' ? '/usr/sbin/netstat' : '/usr/bin/netstat';
}

/** `table`: /proc/net/route. The default route with the lowest metric counts. */
export function gatewayOfLinux(table: string): string | null {
  const routes = table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, target, gateway = '', flags = '0', , , metric, mask]) => {
      const isDefault = target === '00000000' && mask === '00000000';
      const hasGateway = (Number.parseInt(flags, 16) & UP_WITH_GATEWAY) === UP_WITH_GATEWAY;
      return isDefault && hasGateway && /^[\dA-F]{8}$/i.test(gateway)
        ? [{ gateway, metric: Number(metric) }]
        : [];
    })
    .sort((one, other) => one.metric - other.metric);
  const [best] = routes;
  if (best === undefined) return null;
  // In the byte order of the machine, which is little-endian wherever Node runs, but on s390x.
  const bytes = Buffer.from(best.gateway, 'hex');
  return usable((process.arch === 's390x' ? bytes : bytes.reverse()).join('.'));
}

/** `table`: what `netstat -rn` prints. macOS: `default 192.168.1.1 …`; Windows: `0.0.0.0 0.0.0.0 192.168.1.1 …`. */
export function gatewayOfTable(table: string): string | null {
  for (const line of table.split('\n')) {
    const [target, second = '', third = ''] = line.trim().split(/\s+/);
    const gateway = target === 'default' ? second : target === '0.0.0.0' && second === '0.0.0.0' ? third : '';
    if (/^\d+\.\d+\.\d+\.\d+$/.test(gateway)) return usable(gateway);
  }
  return null;
}

function usable(address: string): string | null {
  return reachOf(address) === null || reachOf(address) === 'loopback' ? null : address;
}
