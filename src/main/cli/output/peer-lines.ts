/** With `-vv`: a line for each peer that connects to us, unchokes us or is lost. Dials have none, because most lead nowhere. */
import { CLOSE_CODES, type CloseStage } from '../../../shared/close-reason.ts';
import type { PeerIndex } from '../../../shared/indices.ts';
import type { PeerOutcome } from '../../../shared/messages.ts';
import type { Race } from '../../race/race.ts';
import { formatSize, formatTime } from '../../text/units.ts';
import type { Console } from './console.ts';

const STAGES: Readonly<Record<CloseStage, string>> = {
  queued: 'before it was dialled',
  dialing: 'while connecting',
  handshaking: 'during the handshake',
  choked: 'while it choked us',
  unchoked: 'after it unchoked us',
};

export function tellPeers(race: Race, console: Console): void {
  if (!console.tracing) return;
  // An incoming peer that gave nothing may be forgotten by now.
  const nameOf = (peer: PeerIndex): string =>
    race.peers.knows(peer) ? race.peers.nameOf(peer) : 'an incoming peer';
  race.subscribe({
    onAccepted: (peer) => console.trace(`${nameOf(peer)} connected to us`),
    onUnchoked: (peer) => console.trace(`${nameOf(peer)} unchoked us`),
    onClosed: (outcomes) => {
      for (const outcome of outcomes)
        if (!isWithoutNews(outcome)) console.trace(`${nameOf(outcome.peer)} ${lossText(outcome)}`);
    },
  });
}

/** At the end of a run: all peers that were still tried. */
function isWithoutNews({ reason, receivedBytes, sentBytes }: PeerOutcome): boolean {
  return reason.code === 'stopped' && receivedBytes + sentBytes === 0;
}

/** Where and why it was lost, what went both ways, and whether it is dialled again. */
function lossText({ reason, client, receivedBytes, sentBytes, retryInMs }: PeerOutcome): string {
  const { stage, code, detail } = reason;
  const name = client === null ? '' : `(${client}) `;
  const system = detail === undefined ? '' : ` (${detail})`;
  const gave = receivedBytes > 0 ? `; it gave ${formatSize(receivedBytes)}` : '';
  const got = sentBytes > 0 ? `; it got ${formatSize(sentBytes)}` : '';
  const again = retryInMs === null ? '' : `; next try in ${formatTime(retryInMs)}`;
  return `${name}lost ${STAGES[stage]}: ${CLOSE_CODES[code]}${system}${gave}${got}${again}`;
}
