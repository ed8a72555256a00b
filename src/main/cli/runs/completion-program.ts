/** `--on-complete PROGRAM`: gets the facts of a download in its environment, so nothing has to be quoted. */
import { spawn } from 'node:child_process';
import { bytesOfName, isUtf8Name } from '../../../shared/byte-name.ts';
import { systemWords } from '../../../shared/system-words.ts';

export interface CompletedDownload {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly infoHash: string;
}

/** Runs the program to its end. Resolves to null, or to a description of the failure; never rejects. */
export function runCompletionProgram(program: string, done: CompletedDownload): Promise<string | null> {
  return new Promise((resolve) => {
    const facts = {
      UNCHOKE_DONE_NAME: done.name,
      UNCHOKE_DONE_PATH: done.path,
      UNCHOKE_DONE_BYTES: String(done.bytes),
      UNCHOKE_DONE_INFO_HASH: done.infoHash,
    };
    const [command, words] = Object.values({ ...facts, program }).every(isUtf8Name)
      ? [program, []]
      : ['/bin/sh', ['-c', shellScript(program, facts)]];
    const child = spawn(command, words, {
      shell: false,
      // stdout carries our results only.
      stdio: ['ignore', process.stderr, process.stderr],
      env: { ...process.env, ...facts },
    });
    child.on('error', (error) => resolve(`it cannot be started: ${reasonOf(error)}`));
    child.on('exit', (code, signal) => resolve(code === 0 ? null : `it ended with ${signal ?? code}`));
  });
}

/** The program was there at the start: a missing file is more likely the one that `#!` names. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT'
    ? 'it or the interpreter in its first line does not exist'
    : systemWords(error);
}

/** Node passes on only UTF-8. A shell passes on any bytes; each is written as an octal number, so no quotes are needed. */
function shellScript(program: string, facts: Readonly<Record<string, string>>): string {
  const set = (variable: string, value: string): string => {
    const octal = Array.from(bytesOfName(value), (byte) => `\\${byte.toString(8).padStart(3, '0')}`);
    // A shell drops newlines at the end of what it substitutes: the `x` keeps them.
    return `${variable}=$(printf '${octal.join('')}x'); ${variable}=${'$'}{${variable}%x}; `;
  };
  const names = Object.keys(facts);
  const sets = Object.entries(facts).map(([name, value]) => set(name, value));
  return `${sets.join('')}export ${names.join(' ')}; ${set('p', program)}exec "$p"`;
}
