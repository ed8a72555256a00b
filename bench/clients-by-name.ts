/** The clients that a benchmark compares, by the names of `--clients`. */

interface Comparable {
  readonly name: string;
  /** Null if it can run; else the reason. */
  missing(): string | null;
}

/** `unchoke@CLI`: another build of ours, for a comparison within one run. */
const OTHER_BUILD = 'unchoke@';

/**
 * `names`: with commas, or `all`. `aria2` is also `aria2 default`, where no client is called that alone. Missing clients are
 * reported and left out.
 */
export function clientsByName<Client extends Comparable>(
  names: string,
  all: readonly Client[],
  otherBuild: (name: string, cli: string) => Client,
): Client[] {
  const named = (name: string): Client => {
    if (name.startsWith(OTHER_BUILD)) return otherBuild(name, name.slice(OTHER_BUILD.length));
    const client = all.find((one) => one.name === name) ?? all.find((one) => one.name.startsWith(`${name} `));
    if (client !== undefined) return client;
    throw new Error(`--clients ${name}: one of ${all.map((one) => one.name).join(', ')}, ${OTHER_BUILD}CLI`);
  };
  return (names === 'all' ? [...all] : names.split(',').map(named)).filter((client) => {
    const why = client.missing();
    if (why !== null) process.stdout.write(`missing: ${client.name}: ${why}\n`);
    return why === null;
  });
}
