/** What a user may have meant with a word that does not exist. */

/** More than two changes in five letters make another word. */
const LETTERS_PER_CHANGE = 2.5;
const MOST_CHANGES = 3;
const MOST_GUESSES = 3;

/** `did you mean --verbose or --version?`; null if no known word is like it. */
export function didYouMean(word: string, known: readonly string[]): string | null {
  const guesses = similarWords(word, known);
  return guesses.length === 0 ? null : `did you mean ${inWords(guesses)}?`;
}

/** Words that begin with it, or else those with the fewest changes. Dashes at the start do not count. */
export function similarWords(word: string, known: readonly string[]): string[] {
  const wanted = bare(word);
  const all = [...new Set(known)];
  const begun = wanted.length < 2 ? [] : all.filter((one) => bare(one).startsWith(wanted));
  if (begun.length > 0 && begun.length <= MOST_GUESSES) return begun;
  const most = Math.min(MOST_CHANGES, Math.floor(wanted.length / LETTERS_PER_CHANGE));
  const near = all
    .map((one) => ({ one, changes: changesBetween(wanted, bare(one)) }))
    .filter(({ changes }) => changes <= most);
  const fewest = Math.min(...near.map(({ changes }) => changes));
  return near.flatMap(({ one, changes }) => (changes === fewest ? [one] : [])).slice(0, MOST_GUESSES);
}

/** `a, b or c`. */
export function inWords(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function bare(word: string): string {
  return word.replace(/^-+/, '').toLowerCase();
}

/** Letters that must be added, removed or replaced, or change places with their neighbour (optimal string alignment). */
function changesBetween(one: string, other: string): number {
  let before: number[] = [];
  let last: number[] = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const at = (line: readonly number[], index: number): number => line[index] ?? 0;
      let least = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      );
      const isSwap = column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (row > 1 && isSwap) least = Math.min(least, at(before, column - 2) + 1);
      next.push(least);
    }
    before = last;
    last = next;
  }
  return last[other.length] ?? 0;
}
