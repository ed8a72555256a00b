/** `--choose`: which files are chosen, what keys change, and the lines that show it. Plain data; the terminal is elsewhere. */
import { columnsOf, cutTo } from '../../text/columns.ts';
import { counted, formatSize } from '../../text/units.ts';
import { type Paint, PLAIN } from './paint.ts';
import type { BlockSize } from './screen.ts';

export interface OfferedFile {
  /** Safe to show. */
  readonly name: string;
  readonly bytes: number;
}

/** A key by its name; `text` is what it types. */
export interface PressedKey {
  readonly name: string;
  readonly text: string;
}

/** The title, the sum, the keys, and the line of the cursor. */
const OTHER_ROWS = 4;
const LEAST_ROWS = 3;
/** `1023.9 MiB`. */
const SIZE_COLUMNS = 10;
/** From the most useful to the least: what does not fit is left out. */
const KEYS = ['↑/↓ move', 'Space chooses', 'a all or none', '/ searches', 'Enter downloads'];
const SEARCH_KEYS = ['Enter ends the words', 'Esc shows all files'];

export class FileChoice {
  readonly #title: string;
  readonly #files: readonly OfferedFile[];
  readonly #chosen: Set<number>;
  /** The files that match the search. */
  #shown: readonly number[];
  /** In `#shown`. */
  #cursor = 0;
  #top = 0;
  #pageRows = LEAST_ROWS;
  #search = '';
  #isTyping = false;
  #isRefused = false;

  /** All files are chosen at first. */
  constructor(title: string, files: readonly OfferedFile[]) {
    this.#title = title;
    this.#files = files;
    this.#shown = files.map((_, index) => index);
    this.#chosen = new Set(this.#shown);
  }

  /** Indices, in order. */
  get chosen(): readonly number[] {
    return [...this.#chosen].sort((a, b) => a - b);
  }

  get sum(): string {
    const bytes = this.chosen.reduce((total, index) => total + (this.#files[index]?.bytes ?? 0), 0);
    return `${this.#chosen.size} of ${counted(this.#files.length, 'file')}, ${formatSize(bytes)}`;
  }

  press({ name, text }: PressedKey): 'goes on' | 'accepted' | 'cancelled' {
    this.#isRefused = false;
    if (name === 'escape') return this.#escape();
    if (name === 'return') return this.#enter();
    if (this.#move(name)) return 'goes on';
    if (this.#isTyping) this.#type(name, text);
    else this.#act(name, text);
    return 'goes on';
  }

  lines({ columns, rows }: BlockSize, paint: Paint = PLAIN): string[] {
    const width = Math.max(20, columns - 1);
    this.#pageRows = Math.max(LEAST_ROWS, Math.min(this.#files.length, rows - OTHER_ROWS));
    this.#scroll();
    const page = this.#shown.slice(this.#top, this.#top + this.#pageRows);
    const files = page.map((index, row) => this.#fileLine(index, this.#top + row, width, paint));
    return [
      paint('strong', cutTo(this.#title, width)),
      ...(files.length > 0 ? files : ['  no file has these words in its name']),
      this.#isRefused ? paint('bad', 'choose at least one file') : cutTo(this.#sumLine(), width),
      paint('faint', this.#keysLine(width)),
    ];
  }

  #fileLine(index: number, position: number, width: number, paint: Paint): string {
    const file = this.#files[index];
    if (file === undefined) return '';
    const isLast = position === this.#top + this.#pageRows - 1;
    const above = position === this.#top && this.#top > 0 ? '↑' : ' ';
    const beside = isLast && position < this.#shown.length - 1 ? '↓' : above;
    const here = position === this.#cursor;
    const box = this.#chosen.has(index) ? '◼' : '◻';
    const size = formatSize(file.bytes).padStart(SIZE_COLUMNS);
    const line = cutTo(`${here ? '❯' : beside} ${box} ${size}  ${file.name}`, width);
    return here ? paint('strong', line) : line;
  }

  #sumLine(): string {
    const hidden = this.#files.length - this.#shown.length;
    return hidden === 0 && !this.#isTyping
      ? this.sum
      : `${this.sum}; /${this.#search}${this.#isTyping ? '_' : ''} (${this.#shown.length} shown)`;
  }

  #keysLine(width: number): string {
    const keys = this.#isTyping ? SEARCH_KEYS : KEYS;
    for (let count = keys.length; count > 1; count--) {
      const line = keys.slice(0, count).join(' · ');
      if (columnsOf(line) <= width) return line;
    }
    return '';
  }

  /** Ends the search, or else everything. */
  #escape(): 'goes on' | 'cancelled' {
    if (!this.#isTyping && this.#search === '') return 'cancelled';
    this.#isTyping = false;
    this.#find('');
    return 'goes on';
  }

  #enter(): 'goes on' | 'accepted' {
    if (this.#isTyping) {
      this.#isTyping = false;
      return 'goes on';
    }
    this.#isRefused = this.#chosen.size === 0;
    return this.#isRefused ? 'goes on' : 'accepted';
  }

  /** Whether it was a key that moves. */
  #move(name: string): boolean {
    const steps: Readonly<Record<string, number>> = {
      ...{ up: -1, down: 1, pageup: -this.#pageRows, pagedown: this.#pageRows },
      ...{ home: -this.#files.length, end: this.#files.length },
    };
    const step = steps[name];
    if (step === undefined) return false;
    this.#cursor = Math.max(0, Math.min(this.#shown.length - 1, this.#cursor + step));
    return true;
  }

  #type(name: string, text: string): void {
    if (name === 'backspace') this.#find(this.#search.slice(0, -1));
    else if (/^[^\p{Cc}]+$/u.test(text)) this.#find(this.#search + text);
  }

  #act(name: string, text: string): void {
    if (name === 'space') this.#toggle([this.#shown[this.#cursor]]);
    else if (text === 'a') this.#toggle(this.#shown);
    else if (text === '/') this.#isTyping = true;
    else if (text === 'k') this.#move('up');
    else if (text === 'j') this.#move('down');
  }

  /** All of them become chosen; if all are, none. */
  #toggle(files: readonly (number | undefined)[]): void {
    const those = files.filter((index) => index !== undefined);
    const areChosen = those.every((index) => this.#chosen.has(index));
    for (const index of those) areChosen ? this.#chosen.delete(index) : this.#chosen.add(index);
  }

  #find(search: string): void {
    this.#search = search;
    const words = search.toLowerCase();
    const at = this.#shown[this.#cursor] ?? 0;
    this.#shown = this.#files.flatMap(({ name }, index) =>
      name.toLowerCase().includes(words) ? [index] : [],
    );
    // The cursor stays at its file, or goes to the next one.
    const next = this.#shown.findIndex((index) => index >= at);
    this.#cursor = next >= 0 ? next : Math.max(0, this.#shown.length - 1);
  }

  #scroll(): void {
    const last = Math.max(0, this.#shown.length - this.#pageRows);
    const least = Math.max(0, this.#cursor - this.#pageRows + 1);
    this.#top = Math.min(last, this.#cursor, Math.max(least, this.#top));
  }
}
