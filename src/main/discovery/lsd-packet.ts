/** An announce to the local network (BEP 14): one port, and any number of torrents. */

export const LSD_PORT = 6_771;

export interface LsdAnnounce {
  readonly port: number;
  readonly infoHashes: readonly string[];
  readonly cookie: string | null;
}

/** `host`: the multicast group, for the Host header. */
export function announceText(
  host: string,
  port: number,
  infoHashes: readonly string[],
  cookie: string,
): string {
  const lines = [
    'BT-SEARCH * HTTP/1.1',
    `Host: ${host}:${LSD_PORT}`,
    `Port: ${port}`,
    ...infoHashes.map((infoHash) => `Infohash: ${infoHash}`),
    `cookie: ${cookie}`,
    '',
    '',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** Null if the text is no announce. Header names are not case-sensitive, as in HTTP. */
export function parseAnnounce(text: string): LsdAnnounce | null {
  const [first, ...lines] = text.split('\r\n');
  if (first !== 'BT-SEARCH * HTTP/1.1') return null;
  const headers = lines.flatMap((line) => {
    const match = /^([A-Za-z]+):\s*(\S+)\s*$/.exec(line);
    return match === null ? [] : [{ name: (match[1] as string).toLowerCase(), value: match[2] as string }];
  });
  const headerOf = (name: string) => headers.find((header) => header.name === name)?.value ?? null;
  const port = Number(headerOf('port') ?? Number.NaN);
  const infoHashes = headers
    .filter(({ name, value }) => name === 'infohash' && /^[0-9a-fA-F]{40}$/.test(value))
    .map(({ value }) => value.toLowerCase());
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || infoHashes.length === 0) return null;
  return { port, infoHashes, cookie: headerOf('cookie') };
}
