/**
 * The parts that run for every message, every block and every piece, with tinybench: a figure is the median of a round.
 * `npm run bench:micro -- [--rounds 5] [--json FILE] [--compare FILE]`
 */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { Bench } from 'tinybench';
import { Arena } from '../src/shared/arena.ts';
import { decodeBencode } from '../src/shared/bencode.ts';
import { geometry } from '../src/shared/geometry.ts';
import type { PieceIndex } from '../src/shared/indices.ts';
import { peerIndex, shardId } from '../src/shared/indices.ts';
import { Ledger } from '../src/shared/ledger.ts';
import { peerAsSender } from '../src/shared/sender.ts';
import { copyShared } from '../src/shared/shared-copy.ts';
import { QUEUED, reducePeer } from '../src/workers/peer/peer-reducer.ts';
import { OrderCursor } from '../src/workers/requests/order-cursor.ts';
import { PieceOrder } from '../src/workers/requests/piece-order.ts';
import { FrameDecoder, type FrameSink } from '../src/workers/wire/decoder.ts';
import { RequestBatch } from '../src/workers/wire/encoder.ts';
import { encodeHandshake } from '../src/workers/wire/handshake.ts';
import { machineLine } from './machine.ts';
import { type Figures, interleaved, recordOf } from './record.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    compare: { type: 'string' },
  },
});

const BLOCK = 16_384;
const BLOCKS = 64;
const target = Buffer.alloc(BLOCK);
const place = { target, offset: 0 };
const sink: FrameSink = {
  handshake: () => true,
  keepAlive: () => true,
  passedOver: () => true,
  message: () => true,
  blockStart: () => place,
  blockEnd: () => true,
};

function stream(): Buffer {
  const block = Buffer.alloc(13 + BLOCK);
  block.writeUInt32BE(9 + BLOCK, 0);
  block[4] = 7;
  return Buffer.concat(Array.from({ length: BLOCKS }, () => block));
}

function shaken(): FrameDecoder {
  const decoder = new FrameDecoder(1_000);
  const handshake = encodeHandshake(Buffer.alloc(20), Buffer.alloc(20));
  decoder.push(handshake, handshake.length, sink);
  return decoder;
}

const ROUND_MS = 100;
const WARM_UP_MS = 50;

interface Subject {
  readonly name: string;
  readonly work: Work;
  readonly run: () => void;
}

/** The work of one run. */
interface Work {
  readonly units: number;
  readonly bytes?: number;
}

const subjects: Subject[] = [];
function add(name: string, work: Work, run: () => void): void {
  subjects.push({ name, work, run });
}

const blocks = stream();
for (const chunk of [1, 1_500, 65_536, 262_144]) {
  const decoder = shaken();
  const parts: Buffer[] = [];
  for (let at = 0; at < blocks.length; at += chunk) parts.push(blocks.subarray(at, at + chunk));
  add(`decode blocks, chunks of ${chunk} B`, { units: BLOCKS, bytes: blocks.length }, () => {
    for (const part of parts) decoder.push(part, part.length, sink);
  });
}
const haves = Buffer.concat(Array.from({ length: 1_000 }, () => Buffer.from([0, 0, 0, 5, 4, 0, 0, 0, 1])));
const haveDecoder = shaken();
add(
  'decode 1,000 haves',
  { units: 1_000, bytes: haves.length },
  () => void haveDecoder.push(haves, haves.length, sink),
);

add('peer life: dial to unchoke', { units: 4 }, () => {
  let { state } = reducePeer(QUEUED, { type: 'dial' }, 1);
  ({ state } = reducePeer(state, { type: 'connected' }, 2));
  ({ state } = reducePeer(state, { type: 'handshake', verdict: 'ok', fast: true, extended: true }, 3));
  ({ state } = reducePeer(state, { type: 'unchoke' }, 4));
});

const ALL = { has: () => true };
for (const pieces of [1, 10_000, 1_000_000]) {
  const ledger = new Ledger(Ledger.allocate(pieces));
  const owner = shardId(1);
  let next = 0;
  add(`ledger claim and release, ${pieces} pieces`, { units: 1 }, () => {
    const piece = (next++ % pieces) as PieceIndex;
    ledger.claim(piece, owner);
    ledger.release(piece, owner);
  });
  const order = new PieceOrder(ledger, 'rarest', Math.random);
  const cursor = new OrderCursor();
  add(`rarest pick, ${pieces} pieces`, { units: 1 }, () => {
    cursor.at = 0;
    order.next(cursor, ALL, () => true, 0);
  });
  add(
    `rarest order made anew, ${pieces} pieces`,
    { units: 1 },
    () => void new PieceOrder(ledger, 'rarest', Math.random).next(new OrderCursor(), ALL, () => true, 0),
  );
}

const SENDER = peerAsSender(peerIndex(0));
const arena = new Arena(Arena.allocate(geometry(2 ** 20, 2 ** 20), 2 ** 20));
// One less than the piece has: only main may free a full slot.
add('arena: 63 blocks taken and received', { units: 63 }, () => {
  const slot = arena.claim(0 as PieceIndex, shardId(1));
  if (slot === null) throw new Error('no slot');
  for (let block = 0; block < 63; block++) {
    arena.take(slot, block);
    arena.receive(slot, block, SENDER);
  }
  arena.leave(slot, shardId(1));
  arena.discard(slot);
});

const requests = new RequestBatch();
add('encode 64 requests, one buffer', { units: 64, bytes: 64 * 17 }, () => {
  for (let block = 0; block < 64; block++) requests.add(7, block * BLOCK, BLOCK, 64);
  requests.take();
});

const shared = Buffer.from(new SharedArrayBuffer(2 ** 23));
/** Blocks follow headers of 13 bytes, so they are never aligned, which matters for copies word by word. */
const source = Buffer.alloc(BLOCK + 13, 7);
let place16 = 0;
const nextPlace = (): number => {
  place16 = (place16 + BLOCK) % (shared.length - BLOCK);
  return place16;
};
add('block into shared memory: copyShared', { units: 1, bytes: BLOCK }, () =>
  copyShared(shared, nextPlace(), source, 13, BLOCK + 13),
);
add(
  'block into shared memory: Buffer.copy',
  { units: 1, bytes: BLOCK },
  () => void source.copy(shared, nextPlace(), 13),
);
add('block into shared memory: set', { units: 1, bytes: BLOCK }, () =>
  shared.set(source.subarray(13), nextPlace()),
);

const { port1, port2 } = new MessageChannel();
port2.on('message', () => {});
port1.unref();
port2.unref();
const told = { type: 'full', pieces: Array.from({ length: 8 }, (_, slot) => ({ piece: slot, slot })) };
add('port message of 8 full pieces, sending', { units: 1 }, () => port1.postMessage(told));

const mebibyte = Buffer.alloc(2 ** 20, 7);
add('SHA-1 of 1 MiB', { units: 1, bytes: 2 ** 20 }, () => void createHash('sha1').update(mebibyte).digest());

const files = Array.from(
  { length: 1_000 },
  (_, i) => `d6:lengthi${i}e4:pathl6:folder8:${String(i).padStart(8, '0')}ee`,
).join('');
const torrent = Buffer.from(`d5:filesl${files}e6:pieces40000:${'x'.repeat(40_000)}e`);
add(
  'bencode of a torrent with 1,000 files',
  { units: 1, bytes: torrent.length },
  () => void decodeBencode(torrent),
);

async function measure({ name, work, run }: Subject): Promise<Figures> {
  const bench = new Bench({ time: ROUND_MS, warmupTime: WARM_UP_MS }).add(name, run);
  const [task] = await bench.run();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`${name}: ${result?.state}`);
  const seconds = result.latency.p50 / 1_000;
  return {
    'ns each': [(seconds * 1e9) / work.units],
    'a second': [work.units / seconds],
    ...(work.bytes === undefined ? {} : { 'MiB/s': [work.bytes / 2 ** 20 / seconds] }),
  };
}

const rows = await interleaved(subjects, Number(values.rounds), measure);
process.stdout.write(
  `${machineLine()}\n${values.rounds} rounds; median (least..most)\n\n${recordOf(rows, values)}\n`,
);
