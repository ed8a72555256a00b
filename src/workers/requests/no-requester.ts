/** The requester while the torrent is unknown, and of a seed: there is nothing to request, and every block is unrequested. */
import type { Place, Requester } from './requester.ts';

const DROPPED: Place = { target: Buffer.alloc(0), offset: -1 };

export const NO_REQUESTER: Requester = {
  wastedBytes: 0,
  blockBytes: 0,
  fill() {},
  giveBack() {},
  snub() {},
  rejected() {},
  lost() {},
  widened() {},
  blockStart: () => DROPPED,
  blockEnd: () => false,
  tick() {},
};
