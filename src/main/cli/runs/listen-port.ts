/** The port of one download among several. */
import { parsePort } from '../../text/units.ts';

/** Downloads that run at one time listen at ports next to each other; 0 is a free one. */
export function listenPort(text: string, lane: number): number {
  const port = parsePort('--port', text);
  return port === 0 ? 0 : parsePort('--port', String(port + lane));
}
