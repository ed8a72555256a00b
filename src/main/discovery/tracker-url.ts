/** URLs of trackers that can be asked. */

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'udp:']);

export function isTrackerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return PROTOCOLS.has(protocol) && hostname !== '';
}
