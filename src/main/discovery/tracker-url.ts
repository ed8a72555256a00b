/** URLs of trackers that can be asked. */

const PROTOCOLS: readonly string[] = ['http:', 'https:', 'udp:'];
/** Browsers ask these: they may stand in a torrent, but we cannot ask them. */
const OF_BROWSERS: readonly string[] = ['ws:', 'wss:'];

export const TRACKER_FORM = 'write http://HOST/announce, https://HOST/announce or udp://HOST:PORT';

export function isTrackerUrl(text: string): boolean {
  return hasHostOf(text, PROTOCOLS);
}

/** Also trackers that only other clients can ask. */
export function isAnyTrackerUrl(text: string): boolean {
  return hasHostOf(text, [...PROTOCOLS, ...OF_BROWSERS]);
}

function hasHostOf(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocols.includes(protocol) && hostname !== '';
}
