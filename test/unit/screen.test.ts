/** The block on a terminal that changes its width. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { breaksLines, rowsOf } from '../../src/main/cli/output/reflow.ts';
import { Screen } from '../../src/main/cli/output/screen.ts';
import { sizeTerminals } from '../../src/main/cli/output/terminal.ts';

class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  readonly rows = 24;
  columns = 80;
  written = '';

  write(text: string): boolean {
    this.written += text;
    return true;
  }

  /** What was written since the last call. */
  news(): string {
    const { written } = this;
    this.written = '';
    return written;
  }
}

test('a terminal that becomes narrower: all rows of the broken lines are erased, once', async () => {
  const terminal = new FakeTerminal();
  const screen = new Screen(terminal as unknown as NodeJS.WriteStream, null);
  const owner = {};
  const block = (): string[] => ['a'.repeat(70), 'b', 'c'.repeat(45)];
  while (terminal.written === '') {
    screen.show(owner, block);
    await new Promise(setImmediate);
  }
  terminal.news();
  terminal.columns = 40;
  terminal.emit('resize');
  assert.ok(terminal.news().startsWith('\r\u001b[5A\u001b[J'));
  terminal.emit('resize');
  assert.equal(terminal.news(), '', 'nothing has changed');
  screen.remove(owner);
  assert.equal(terminal.listenerCount('resize'), 0);
  assert.equal(process.listenerCount('SIGTSTP') + process.listenerCount('SIGCONT'), 0);
});

test('the rows of lines: colours take no column, and an empty line takes a row', () => {
  assert.equal(rowsOf(['\u001b[1mabc\u001b[0m', '', 'abcd', '電影'], 3), 1 + 1 + 2 + 2);
});

test('some terminals cut lines that are too long', () => {
  assert.equal(breaksLines({ TERM: 'xterm-256color' }), true);
  assert.equal(breaksLines({ TERM: 'xterm', XTERM_VERSION: 'XTerm(390)' }), false);
  assert.equal(breaksLines({ TERM: 'linux' }), false);
  assert.equal(breaksLines({ TERM: 'screen', STY: '1.tty' }), false);
  assert.equal(breaksLines({ TERM: 'screen', STY: '1.tty', TMUX: '/tmp/tmux' }), true);
});

test('a terminal that does not know its size has the usual one', () => {
  const sized = (columns: number, rows: number, isTTY = true) => {
    const stream = { isTTY, columns, rows };
    sizeTerminals([stream as NodeJS.WriteStream]);
    return [stream.columns, stream.rows];
  };
  assert.deepEqual(sized(0, 0), [80, 24]);
  assert.deepEqual(sized(40, 0), [40, 24]);
  assert.deepEqual(sized(132, 50), [132, 50]);
  assert.deepEqual(sized(0, 0, false), [0, 0], 'a file');
});
