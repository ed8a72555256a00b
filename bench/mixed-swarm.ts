/** The other peers of a mixed swarm: libtorrent seeds and leechers, each a process on a host of its own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../src/swarm/random.ts';
import { ROOT } from '../test/support/paths.ts';
import { ended, firstLine } from '../test/support/processes.ts';
import type { Host } from './routed-hosts.ts';

/** A swarm, without the client under test. */
export interface Scenario {
  readonly name: string;
  readonly seeds: number;
  readonly leechers: number;
  /** The leechers begin within this time, one after the other. */
  readonly spreadS: number;
  /** From the first leecher until the client begins. */
  readonly joinS: number;
  /** The part of the pieces that each leecher has at the start, 0 to 1: each has others. */
  readonly have: number;
  /** Leechers that have all stay as seeds. */
  readonly stay: boolean;
}

export interface SwarmContent {
  readonly torrent: string;
  /** Of the seeds, with one file. */
  readonly folder: string;
  readonly file: string;
  readonly pieceBytes: number;
  /** For the leechers' files. */
  readonly scratch: string;
  /** Of a leecher and of a seed, bytes a second. */
  readonly uploadLimit: number;
  readonly seedLimit: number;
  readonly lifetimeS: number;
  /** Of the client under test. */
  readonly client: string;
}

/** Bytes of data, without any headers. */
export interface Exchange {
  readonly received: number;
  readonly uploaded: number;
}

export interface MixedSwarm {
  beginSeeds(): void;
  /** Each at its time; resolves when the last has begun. */
  beginLeechers(): Promise<void>;
  /** How many leechers have all. */
  finished(): number;
  /** What the client has received and uploaded, as the others have counted it up to half a second ago. */
  exchange(): Exchange;
  /** Resolves when half of the leechers have all. */
  readonly half: Promise<void>;
  stop(): Promise<void>;
}

interface Member {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly folder: string;
}

const PYTHON = '/usr/bin/python3';
const SCRIPT = join(ROOT, 'bench', 'clients', 'libtorrent-swarm-peer.py');
const UPLOAD_SLOTS = 4;
const BEGIN = 'begin\n';

/** Its processes wait until they may begin, so that their start costs nothing later. */
export async function mixedSwarm(
  scenario: Scenario,
  hosts: readonly Host[],
  content: SwarmContent,
): Promise<MixedSwarm> {
  const peers = hosts.slice(0, scenario.seeds + scenario.leechers).map((host, i) => {
    const isSeed = i < scenario.seeds;
    const peer = peerOn(host, isSeed, isSeed || scenario.stay, content);
    if (!isSeed) writePart(content, peer.folder, scenario.have, i);
    return peer;
  });
  await Promise.all(peers.map((peer) => firstLine(peer.child, /^ready/)));
  const leechers = peers.slice(scenario.seeds);
  const exchanges = new Map<Member, Exchange>();
  let finished = 0;
  const half = new Promise<void>((resolve) => {
    for (const peer of peers) {
      createInterface({ input: peer.child.stdout }).on('line', (line) => {
        const [word, gave, , got] = line.split(' ');
        if (word === 'gave') exchanges.set(peer, { received: Number(gave), uploaded: Number(got) });
        if (word === 'done') finished += 1;
        if (finished * 2 >= leechers.length) resolve();
      });
    }
  });
  const sum = (figure: keyof Exchange): number =>
    [...exchanges.values()].reduce((all, exchange) => all + exchange[figure], 0);
  return {
    beginSeeds: () => {
      for (const { child } of peers.slice(0, scenario.seeds)) child.stdin.write(BEGIN);
    },
    beginLeechers: async () => {
      for (const { child } of leechers) {
        child.stdin.write(BEGIN);
        await sleep((scenario.spreadS / leechers.length) * 1_000);
      }
    },
    finished: () => finished,
    exchange: () => ({ received: sum('received'), uploaded: sum('uploaded') }),
    half,
    stop: async () => {
      await Promise.all(peers.map(({ child }) => ended(child, () => child.stdin.end())));
      for (const { folder } of leechers) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes this part of the pieces, by the seed. */
function writePart({ folder, file, pieceBytes }: SwarmContent, to: string, part: number, seed: number): void {
  if (part === 0) return;
  const whole = readFileSync(join(folder, file));
  const dice = new Dice(seed);
  const target = openSync(join(to, file), 'w');
  ftruncateSync(target, whole.length);
  for (let at = 0; at < whole.length; at += pieceBytes) {
    if (dice.next() < part) writeSync(target, whole, at, Math.min(pieceBytes, whole.length - at), at);
  }
  closeSync(target);
}

function peerOn(host: Host, isSeed: boolean, stay: boolean, content: SwarmContent): Member {
  const folder = isSeed ? content.folder : join(content.scratch, `peer-${host.address}`);
  mkdirSync(folder, { recursive: true });
  const settings = {
    ...{ seed: isSeed, stay, lifetime: content.lifetimeS, watch: content.client },
    ...{
      unchoke_slots_limit: UPLOAD_SLOTS,
      upload_rate_limit: isSeed ? content.seedLimit : content.uploadLimit,
    },
  };
  const program = [PYTHON, SCRIPT, content.torrent, folder, host.address, JSON.stringify(settings)];
  const [command, ...args] = host.command(program) as [string, ...string[]];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  // It may have left.
  child.stdin.on('error', () => {});
  return { child, folder };
}
