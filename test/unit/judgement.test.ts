/** To judge whether an existing file is ours: one test per kind of file, over made-up pieces of 10,000 bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideFiles } from '../../src/main/storage/file-decision.ts';
import { type Facts, type Found, Judgement, type Verdict } from '../../src/main/storage/judgement.ts';
import type { StoragePlan } from '../../src/main/storage/storage-plan.ts';
import type { Metainfo } from '../../src/main/torrent/metainfo.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { STANDING } from '../../src/shared/standing.ts';

const PIECE = 10_000;

/** One after the other in the torrent; `pad` is padding, a minus sign a file that was not selected. */
type Layout = readonly (number | `pad ${number}` | `-${number}`)[];

function planOf(layout: Layout) {
  let offset = 0;
  const files: { path: string; offset: number; length: number }[] = [];
  const padding: { offset: number; length: number }[] = [];
  for (const entry of layout) {
    const length = typeof entry === 'number' ? entry : Number(entry.replace(/^(pad |-)/, ''));
    if (typeof entry === 'number') files.push({ path: `/out/f${files.length}`, offset, length });
    else if (entry.startsWith('pad')) padding.push({ offset, length });
    offset += length;
  }
  const g = geometry(offset, PIECE);
  const wanted = new Uint8Array(g.pieceCount).fill(1);
  const plan: StoragePlan = {
    folder: '/out',
    root: '/out/f0',
    files,
    links: [],
    finalPaths: new Map(),
    padding,
    wanted,
  };
  return { plan, metainfo: { geometry: g } as Metainfo };
}

const file = (size: number, names = 1, isTwin = false): Found => ({ kind: 'file', size, names, isTwin });

interface Case extends Partial<Pick<Facts, 'isClaimed' | 'isZeroPiece'>> {
  readonly layout: Layout;
  readonly found: readonly Found[];
  readonly good?: readonly number[];
  readonly blank?: readonly number[];
}

function judged({ layout, found, good = [], blank = [], ...rest }: Case) {
  const { plan, metainfo } = planOf(layout);
  const bits = new Uint8Array(metainfo.geometry.pieceCount);
  for (const piece of good) bits[piece] = 1;
  const facts: Facts = {
    plan,
    metainfo,
    found,
    good: bits,
    isClaimed: () => false,
    isZeroPiece: () => false,
    ...rest,
  };
  const judgement = new Judgement(facts);
  return { plan, doubts: judgement.doubts(), verdicts: judgement.verdicts(new Set(blank)) };
}

const kinds = (verdicts: readonly Verdict[]): string[] => verdicts.map(({ kind }) => kind);

const CASES: Readonly<Record<string, Case & { readonly expected: readonly Verdict['kind'][] }>> = {
  'nothing there': { layout: [25_000], found: [{ kind: 'nothing' }], expected: ['absent'] },
  'an empty file': { layout: [25_000], found: [file(0)], expected: ['blank'] },
  'only zeros': { layout: [25_000], found: [file(25_000)], blank: [0], expected: ['blank'] },
  'a shorter file of zeros': { layout: [25_000], found: [file(9)], blank: [0], expected: ['blank'] },
  'one piece of three is right': { layout: [25_000], found: [file(25_000)], good: [1], expected: ['ours'] },
  'the beginning is right and the rest is not there': {
    layout: [25_000],
    found: [file(12_000)],
    good: [0],
    expected: ['ours'],
  },
  'no piece is right': { layout: [25_000], found: [file(25_000)], expected: ['refused'] },
  'one piece is the whole torrent, and it is wrong': {
    layout: [200],
    found: [file(200)],
    expected: ['refused'],
  },
  'a shorter file of other content': { layout: [25_000], found: [file(450)], expected: ['refused'] },
  'a journal speaks for it': {
    layout: [25_000],
    found: [file(25_000)],
    isClaimed: () => true,
    expected: ['ours'],
  },
  'a longer file, all pieces right': {
    layout: [25_000],
    found: [file(25_001)],
    good: [0, 1, 2],
    expected: ['refused'],
  },
  'a longer file that a journal speaks for': {
    layout: [25_000],
    found: [file(25_001)],
    isClaimed: () => true,
    expected: ['refused'],
  },
  'content where the torrent has an empty file': {
    layout: [25_000, 0],
    found: [file(0), file(2)],
    expected: ['blank', 'refused'],
  },
  'an empty file with two names, where the torrent has an empty one': {
    layout: [25_000, 0],
    found: [file(0), file(0, 2)],
    expected: ['blank', 'ours'],
  },
  'a small file in a piece with its neighbours': {
    layout: [25_000, 100, 25_000],
    found: [{ kind: 'nothing' }, file(100), { kind: 'nothing' }],
    expected: ['absent', 'guarded', 'absent'],
  },
  'a small file over two shared pieces': {
    layout: [15_000, 9_000, 25_000],
    found: [{ kind: 'nothing' }, file(9_000), { kind: 'nothing' }],
    expected: ['absent', 'guarded', 'absent'],
  },
  'a small file beside one that was not selected': {
    layout: ['-25000', 100, '-25000'],
    found: [file(100)],
    expected: ['guarded'],
  },
  'a small file of another length cannot become right as it is': {
    layout: [25_000, 100, 25_000],
    found: [{ kind: 'nothing' }, file(99), { kind: 'nothing' }],
    expected: ['absent', 'refused', 'absent'],
  },
  'a small file with padding behind it has its piece for itself': {
    layout: [100, 'pad 9900', 25_000],
    found: [file(100), { kind: 'nothing' }],
    expected: ['refused', 'absent'],
  },
  'a shared piece is right: the small file in it is whole': {
    layout: [15_000, 100, 25_000],
    found: [file(15_000), file(100), file(25_000)],
    good: [1],
    expected: ['ours', 'ours', 'ours'],
  },
  'a shared piece is right by a few bytes that many files begin with': {
    layout: [18_000, 25_000],
    found: [file(18_000), file(25_000)],
    good: [0, 1],
    expected: ['ours', 'refused'],
  },
  'those few bytes and zeros': {
    layout: [18_000, 25_000],
    found: [file(18_000), file(25_000)],
    good: [0, 1],
    blank: [1],
    expected: ['ours', 'blank'],
  },
  'a piece of zeros says nothing': {
    layout: [25_000],
    found: [file(25_000)],
    good: [0],
    isZeroPiece: (piece) => piece === 0,
    expected: ['refused'],
  },
  'empty, with a second name elsewhere': { layout: [25_000], found: [file(0, 2)], expected: ['refused'] },
  'with a second name, and right': {
    layout: [25_000],
    found: [file(25_000, 2)],
    good: [2],
    expected: ['ours'],
  },
  'one file under two names of the torrent, right for both': {
    layout: [20_000, 20_000],
    found: [file(20_000, 2, true), file(20_000, 2, true)],
    good: [0, 1, 2, 3],
    expected: ['ours', 'ours'],
  },
  'one file under two names of the torrent, right for one': {
    layout: [20_000, 20_000],
    found: [file(20_000, 2, true), file(20_000, 2, true)],
    good: [0, 1],
    isClaimed: () => true,
    expected: ['ours', 'refused'],
  },
  'a folder': {
    layout: [25_000],
    found: [{ kind: 'obstacle', path: '/out/f0', what: 'a folder is there' }],
    expected: ['refused'],
  },
};

for (const [name, { expected, ...facts }] of Object.entries(CASES))
  test(`${name}: ${expected.join(', ')}`, () => assert.deepEqual(kinds(judged(facts).verdicts), expected));

test('only the stretch without a good piece must be zeros', () => {
  const { doubts } = judged({
    layout: [18_000, 25_000, 5_000],
    found: [file(18_000), file(25_000), file(0)],
    good: [0, 1],
  });
  assert.deepEqual(doubts, [{ file: 1, from: 2_000, to: 25_000 }]);
});

test('everything in the way is named at once, with advice', () => {
  const { plan, verdicts } = judged({
    layout: [25_000, 25_000, 25_000],
    found: [file(25_000), { kind: 'obstacle', path: '/out/sub', what: 'a file is there' }, file(30_000)],
  });
  const found = [
    file(25_000),
    { kind: 'obstacle', path: '/out/sub', what: 'a file is there' },
    file(30_000),
  ] as const;
  assert.throws(
    () => decideFiles(plan, found, verdicts, false),
    (error: Error) =>
      /\/out\/f0: [\s\S]*\/out\/sub: [\s\S]*\/out\/f2: it has 30000 bytes[\s\S]*--overwrite/.test(
        error.message,
      ),
  );
  // Only the files that --overwrite cannot replace are left.
  assert.throws(
    () => decideFiles(plan, found, verdicts, true),
    (error: Error) => /\/out\/sub/.test(error.message) && !/\/out\/f0|--overwrite/.test(error.message),
  );
});

test('--overwrite: a foreign file is replaced, a longer file is cut, a file with a second name is never written', () => {
  const found = [file(25_000), file(30_000), file(30_000, 2), file(0, 2), file(100), file(50, 2)];
  const layout = [25_000, 25_000, 25_000, 25_000, 100, 50, 25_000] as const;
  const { plan, verdicts } = judged({ layout, found: [...found, { kind: 'nothing' }] });
  assert.deepEqual(kinds(verdicts), [
    'refused',
    'refused',
    'refused',
    'refused',
    'guarded',
    'guarded',
    'absent',
  ]);
  assert.deepEqual(decideFiles(plan, [...found, { kind: 'nothing' }], verdicts, true), [
    { action: 'replace', standing: STANDING.ours },
    { action: 'resize', standing: STANDING.there },
    { action: 'replace', standing: STANDING.ours },
    { action: 'replace', standing: STANDING.ours },
    { action: 'none', standing: STANDING.there },
    { action: 'none', standing: STANDING.guarded },
    { action: 'make', standing: STANDING.ours },
  ]);
});
