/** Which node takes a piece first from the only one that has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Couriers } from '../../src/main/cluster/couriers.ts';
import { InsidePieces } from '../../src/main/cluster/inside-pieces.ts';
import { Shares } from '../../src/main/cluster/shares.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { COURIER_MS, COURIER_SILENCE_MS } from '../../src/shared/limits.ts';
import { dice, drawnBytes } from '../support/dice.ts';

const PIECES = 400;
const ALL = new Uint8Array(PIECES / 8).fill(0xff);
const draw = drawnBytes(dice(7));
const IDS = Array.from({ length: 5 }, () => Buffer.from(draw(20)).toString('hex'));

/** What each node computes; nobody has anything. */
function views() {
  return IDS.map((own) => {
    const [shares, inside] = [new Shares(own, PIECES), new InsidePieces(PIECES)];
    for (const id of IDS) shares.join(id);
    return { own, shares, inside, couriers: new Couriers(own, PIECES, shares, inside) };
  });
}

function takersOf(all: ReturnType<typeof views>, piece: number, now = 0): string[] {
  return all.filter(({ couriers }) => couriers.mayTake(piece as PieceIndex, now)).map(({ own }) => own);
}

test('one node takes a piece first from the only one that has it, and each takes about as many', () => {
  for (const holder of IDS) {
    const others = views().filter(({ own }) => own !== holder);
    for (const { inside } of others) inside.told(holder, ALL);
    const counts = new Map<string, number>();
    for (let piece = 0; piece < PIECES; piece++) {
      const takers = takersOf(others, piece);
      assert.equal(takers.length, 1, `piece ${piece} of ${holder}: ${takers}`);
      counts.set(takers[0] as string, (counts.get(takers[0] as string) ?? 0) + 1);
    }
    for (const count of counts.values()) assert.ok(Math.abs(count - 100) < 40, `${[...counts.values()]}`);
  }
});

test('before anybody has it, only those that may be its courier would take it; with two that have it, everybody may', () => {
  const all = views();
  for (let piece = 0; piece < PIECES; piece++) assert.equal(takersOf(all, piece).length, 2);
  const [first, second, ...rest] = IDS as [string, string, ...string[]];
  const others = all.filter(({ own }) => rest.includes(own));
  for (const { inside } of others) for (const id of [first, second]) inside.told(id, ALL);
  for (let piece = 0; piece < PIECES; piece++) assert.deepEqual(takersOf(others, piece), rest);
});

test('a courier that gets nothing, is lost, or needs too long is not waited for', () => {
  const holder = IDS[0] as string;
  const others = views().filter(({ own }) => own !== holder);
  for (const { inside } of others) inside.told(holder, ALL);
  const courier = takersOf(others, 0)[0] as string;
  const rest = others.filter(({ own }) => own !== courier);
  const tell = (bytes: number, now: number): void => {
    for (const { couriers } of rest) couriers.heard(courier, bytes, now);
  };
  tell(0, 0);
  assert.deepEqual(takersOf(rest, 0, COURIER_SILENCE_MS - 1), []);
  assert.equal(takersOf(rest, 0, COURIER_SILENCE_MS).length, rest.length);
  // It goes on: it is waited for again, and not for ever.
  for (let now = COURIER_SILENCE_MS; now < COURIER_MS - 1; now += 1_000) {
    tell(now, now);
    assert.deepEqual(takersOf(rest, 0, now), []);
  }
  tell(COURIER_MS, COURIER_MS);
  assert.equal(takersOf(rest, 0, COURIER_MS).length, rest.length);
  for (const { shares, couriers } of rest) {
    shares.leave(courier);
    couriers.lost(courier);
  }
  assert.equal(takersOf(rest, 1, COURIER_MS).length, 1);
});

test('a courier to which nodes gave nothing, because they had nothing, has its time for a new piece', () => {
  const holder = IDS[0] as string;
  const others = views().filter(({ own }) => own !== holder);
  const idleUntil = 100 * COURIER_SILENCE_MS;
  for (const { couriers } of others) for (const id of IDS) couriers.heard(id, 5, 0);
  for (let piece = 0; piece < PIECES; piece++) takersOf(others, piece, 0);
  for (const { inside } of others) inside.told(holder, ALL);
  for (let piece = 0; piece < PIECES; piece++) assert.equal(takersOf(others, piece, idleUntil).length, 1);
  assert.equal(takersOf(others, 0, idleUntil + COURIER_SILENCE_MS - 1).length, 1);
  assert.equal(takersOf(others, 0, idleUntil + COURIER_SILENCE_MS).length, others.length);
});

test('how long a piece was lone counts anew when its only node was lost and another one has it', () => {
  const [own, other, third] = IDS as [string, string, string];
  const all = views().filter((view) => view.own === own);
  const { inside } = all[0] as (typeof all)[number];
  const isOthers = (piece: number, now: number): boolean => takersOf(all, piece, now).length === 0;
  inside.told(other, ALL);
  const lone = Array.from({ length: PIECES }, (_, piece) => piece).filter((piece) => isOthers(piece, 0));
  inside.lost(other);
  for (const piece of lone) takersOf(all, piece, 1_000);
  inside.told(third, ALL);
  const still = lone.filter((piece) => isOthers(piece, COURIER_MS));
  assert.ok(still.length > lone.length / 3, `${still.length} of ${lone.length}`);
});

test('two nodes never wait for each other', () => {
  const [own, other] = IDS as [string, string];
  const [shares, inside] = [new Shares(own, PIECES), new InsidePieces(PIECES)];
  const couriers = new Couriers(own, PIECES, shares, inside);
  const mayTakeAll = (): boolean =>
    Array.from({ length: PIECES }, (_, piece) => couriers.mayTake(piece as PieceIndex, 0)).every(Boolean);
  assert.ok(mayTakeAll());
  shares.join(other);
  assert.ok(mayTakeAll());
  inside.told(other, ALL);
  assert.ok(mayTakeAll());
});
