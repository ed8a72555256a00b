/** The real environment. In this folder only this file uses the real clocks, timers and random numbers. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { livedLater } from '../../shared/lived-timer.ts';
import { lookUp } from '../../shared/name-lookup.ts';
import { ownInterfaces } from '../../shared/own-addresses.ts';
import { userFolder } from '../files/user-folders.ts';
import { openSocket } from './datagram-socket.ts';
import type { Environment } from './environment.ts';
import { NodeFile } from './node-file.ts';

export const REAL_ENVIRONMENT: Environment = {
  now: () => performance.now(),
  calendar: () => Date.now(),
  later: (ms, work) => {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
  livedLater,
  randomBelow: (below) => randomInt(below),
  lookUp,
  interfaces: () => ownInterfaces() ?? {},
  openSocket,
  dhtLibrary: async () => (await import('bittorrent-dht')).Client,
  nodeStore: (name) => new NodeFile(join(userFolder('cache'), `${name}.json`), () => Date.now()),
};
