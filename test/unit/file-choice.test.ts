/** `--choose`: what keys change, and what is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileChoice } from '../../src/main/cli/output/file-choice.ts';

const MIB = 2 ** 20;
const SIZE = { columns: 80, rows: 10 };
const choiceOf = (count: number): FileChoice =>
  new FileChoice(
    'Which files of t?',
    Array.from({ length: count }, (_, i) => ({ name: `file ${i}.dat`, bytes: MIB })),
  );
const press = (choice: FileChoice, ...names: string[]): string[] =>
  names.map((name) => choice.press({ name, text: name.length === 1 ? name : name === 'space' ? ' ' : '' }));
const linesOf = (choice: FileChoice): string[] => choice.lines(SIZE);

test('a file that is not chosen keeps its size; the sum and all keys are shown', () => {
  const choice = choiceOf(3);
  press(choice, 'down', 'space');
  assert.deepEqual(linesOf(choice), [
    'Which files of t?',
    '  ◼    1.0 MiB  file 0.dat',
    '❯ ◻    1.0 MiB  file 1.dat',
    '  ◼    1.0 MiB  file 2.dat',
    '2 of 3 files, 2.0 MiB',
    '↑/↓ move · Space chooses · a all or none · / searches · Enter downloads',
  ]);
  assert.deepEqual(choice.chosen, [0, 2]);
});

test('a chooses all, then none; none is not accepted', () => {
  const choice = choiceOf(3);
  press(choice, 'space', 'a');
  assert.equal(choice.sum, '3 of 3 files, 3.0 MiB');
  press(choice, 'a');
  assert.equal(choice.sum, '0 of 3 files, 0 B');
  assert.deepEqual(press(choice, 'return'), ['goes on']);
  assert.equal(linesOf(choice).at(-2), 'choose at least one file');
  assert.deepEqual(press(choice, 'space', 'return'), ['goes on', 'accepted']);
});

test('a search shows the files with these words, and a means only those', () => {
  const choice = choiceOf(2_000);
  press(choice, 'a', '/', ...'E 19', 'x', 'backspace', '9');
  assert.deepEqual(linesOf(choice).slice(1, 3), [
    '❯ ◻    1.0 MiB  file 199.dat',
    '  ◻    1.0 MiB  file 1990.dat',
  ]);
  assert.match(linesOf(choice).at(-2) ?? '', /^0 of 2000 files, 0 B; \/E 199_ \(11 shown\)$/);
  assert.equal(linesOf(choice).at(-1), 'Enter ends the words · Esc shows all files');
  press(choice, 'return', 'a', 'down', 'space');
  assert.equal(choice.sum, '10 of 2000 files, 10.0 MiB');
  // The cursor stays at its file.
  press(choice, 'escape');
  assert.match(linesOf(choice).find((line) => line.startsWith('❯')) ?? '', /◻ .* file 1990\.dat$/);
  press(choice, '/', 'q');
  assert.match(linesOf(choice)[1] ?? '', /no file has these words/);
  assert.deepEqual(press(choice, 'space', 'backspace', 'escape', 'escape'), [
    ...['goes on', 'goes on', 'goes on', 'cancelled'],
  ]);
});

test('a long list: the page follows the cursor, and arrows say that there is more', () => {
  const choice = choiceOf(30);
  const page = (): string[] =>
    linesOf(choice)
      .slice(1, -2)
      .map((line) => line.replace(/ +1\.0 MiB {2}file|\.dat/g, ''));
  assert.deepEqual(page(), ['❯ ◼ 0', '  ◼ 1', '  ◼ 2', '  ◼ 3', '  ◼ 4', '↓ ◼ 5']);
  press(choice, 'pagedown', 'down');
  assert.deepEqual(page(), ['↑ ◼ 2', '  ◼ 3', '  ◼ 4', '  ◼ 5', '  ◼ 6', '❯ ◼ 7']);
  press(choice, 'up', 'up');
  assert.deepEqual(page(), ['↑ ◼ 2', '  ◼ 3', '  ◼ 4', '❯ ◼ 5', '  ◼ 6', '↓ ◼ 7']);
  press(choice, 'end');
  assert.deepEqual(page().slice(-2), ['  ◼ 28', '❯ ◼ 29']);
  press(choice, 'home', 'pageup');
  assert.equal(page()[0], '❯ ◼ 0');
});

test('a narrow terminal: no line is wider, and names give way to sizes', () => {
  const choice = new FileChoice('Which files of t?', [{ name: 'n'.repeat(100), bytes: MIB }]);
  for (const columns of [30, 45, 60])
    for (const line of choice.lines({ columns, rows: 24 })) assert.ok(line.length < columns, line);
  assert.match(choice.lines({ columns: 30, rows: 24 })[1] ?? '', /^❯ ◼ {4}1\.0 MiB {2}n+…$/);
});
