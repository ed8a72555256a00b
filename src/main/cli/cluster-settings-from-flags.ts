/** The settings of a cluster, from the options `--cluster…` and the environment. */
import { readFileSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import { CLUSTER_PORT, MAX_CLUSTER_NODES, MAX_CLUSTER_SECRET_BYTES } from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import type { ClusterSettings } from '../cluster/cluster-settings.ts';
import { BadOption } from '../failure.ts';
import { parseHostPort } from '../network/host-port.ts';
import { parseCount, parseDuration, parsePort } from '../text/units.ts';
import type { GetFlags } from './commands/get-flags.ts';

/** A secret is no option: every user of a machine can read the command lines of all others. */
export const CLUSTER_SECRET = 'UNCHOKE_CLUSTER_SECRET';

type ClusterFlags = Pick<
  GetFlags,
  | 'cluster'
  | 'clusterNodes'
  | 'clusterSize'
  | 'clusterSecretFile'
  | 'clusterWait'
  | 'clusterTimeout'
  | 'port'
  | 'proxy'
  | 'listen'
>;

/** Null: there is no cluster. */
export function clusterSettings(flags: ClusterFlags, environment: NodeJS.ProcessEnv): ClusterSettings | null {
  const { cluster: name, clusterNodes, clusterSize, clusterSecretFile, clusterWait, clusterTimeout } = flags;
  if (name === undefined) {
    // A secret or a time-out may stand in the config file for all runs of a machine.
    const alone = { 'cluster-nodes': clusterNodes, 'cluster-size': clusterSize, 'cluster-wait': clusterWait };
    for (const [option, value] of Object.entries(alone))
      if (value !== undefined) throw new BadOption(`--${option}`, 'works only with --cluster NAME');
    return null;
  }
  if (name === '') throw new BadOption('--cluster', 'is empty; give all nodes the same name');
  if (!flags.listen)
    throw new BadOption('--cluster', 'does not work with --no-listen: nodes connect to each other');
  if (flags.proxy !== undefined)
    throw new BadOption(
      '--cluster',
      'does not work with --proxy: nothing bypasses it, and nodes connect to each other',
    );
  const nodes = clusterNodes === undefined ? [] : nodesOf(clusterNodes, clusterPort(flags));
  const size =
    clusterSize === undefined ? 0 : parseCount('--cluster-size', clusterSize, 1, MAX_CLUSTER_NODES);
  if (clusterWait === true && size === 0 && nodes.length === 0)
    throw new BadOption('--cluster-wait', 'needs to know how many nodes there are; add --cluster-size N');
  return {
    name,
    nodes,
    size,
    secret: secretOf(clusterSecretFile, environment),
    wait: clusterWait === true,
    timeout: parseDuration('--cluster-timeout', clusterTimeout),
  };
}

/** Of a plain file, in lower case. */
export function sha256Of({ sha256, cluster }: Pick<GetFlags, 'sha256' | 'cluster'>): string | null {
  if (sha256 === undefined) return null;
  if (cluster === undefined)
    throw new BadOption('--sha256', 'works only with --cluster NAME and the URL of a file');
  if (!/^[\da-f]{64}$/i.test(sha256))
    throw new BadOption('--sha256', `${sha256}: a SHA-256 has 64 hex digits; sha256sum FILE prints it`);
  return sha256.toLowerCase();
}

/** The port for incoming connections: nodes must know it of each other, so it is not a free one. */
export function clusterPort({ port, cluster }: Pick<GetFlags, 'port' | 'cluster'>): number {
  const wanted = parsePort('--port', port);
  return wanted === 0 && cluster !== undefined ? CLUSTER_PORT : wanted;
}

/** Host names and addresses, each with or without a port, with commas or white space between them. */
function nodesOf(text: string, port: number): HostPort[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0)
    throw new BadOption('--cluster-nodes', 'is empty; give names or addresses of nodes');
  if (words.length > MAX_CLUSTER_NODES)
    throw new BadOption(
      '--cluster-nodes',
      `${words.length} nodes: a cluster has at most ${MAX_CLUSTER_NODES}`,
    );
  return [...new Set(words)].map((word) => {
    const isBare = !word.includes(':') || /^\[[^\]]*\]$/.test(word);
    const isIpv6 = /^[\da-f]*:[\da-f:.]*:[\da-f:.]*$/i.test(word);
    const node = parseHostPort(isBare ? `${word}:${port}` : isIpv6 ? `[${word}]:${port}` : word);
    if (node === null)
      throw new BadOption(
        '--cluster-nodes',
        `${JSON.stringify(word)}: not a host name or address, or HOST:PORT`,
      );
    return node;
  });
}

function secretOf(file: string | undefined, environment: NodeJS.ProcessEnv): string | null {
  if (file === undefined) {
    const secret = environment[CLUSTER_SECRET];
    return secret === undefined || secret === '' ? null : secret;
  }
  const option = '--cluster-secret-file';
  let secret: string;
  try {
    secret = readFileSync(diskPath(file), 'utf8').trim();
  } catch (error) {
    throw new BadOption(option, `${file}: ${systemWords(error)}`, { cause: error });
  }
  if (secret === '') throw new BadOption(option, `${file}: it is empty; write the same secret for all nodes`);
  if (Buffer.byteLength(secret) > MAX_CLUSTER_SECRET_BYTES)
    throw new BadOption(option, `${file}: a secret has at most ${MAX_CLUSTER_SECRET_BYTES} bytes`);
  return secret;
}
