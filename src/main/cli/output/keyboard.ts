/** Reads single keys from the terminal. Open it only in the foreground (`job-control.ts`), and close it before a stop. */
import { closeSync, constants, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { leaveTerminal } from './lost-terminal.ts';

/** Of Node's own: what reads for a stream. */
interface Handle {
  readonly fd?: number;
  readStop?(): void;
}

export class Keyboard {
  readonly #stream: ReadStream;
  readonly #handle: Handle | undefined;
  readonly #descriptor: number;
  readonly #exit = (): void => leaveTerminal(this.#descriptor);

  /**
   * A descriptor of its own: closing it gives the terminal its modes back, and stdin stays as it was. Null if the terminal cannot
   * be opened. Node restores the modes also at every exit of the process.
   */
  static open(onKeys: (keys: string) => void): Keyboard | null {
    let descriptor: number | null = null;
    try {
      descriptor = openSync('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY);
      return new Keyboard(new ReadStream(descriptor), descriptor, onKeys);
    } catch {
      if (descriptor !== null) closeSync(descriptor);
      return null;
    }
  }

  private constructor(stream: ReadStream, opened: number, onKeys: (keys: string) => void) {
    this.#stream = stream;
    this.#handle = (stream as unknown as { readonly _handle?: Handle })._handle;
    this.#descriptor = this.#handle?.fd ?? opened;
    // Node opens the terminal again, and never closes the descriptor that it was given.
    if (this.#descriptor !== opened) closeSync(opened);
    // A terminal that goes away sends SIGHUP as well.
    stream.on('error', () => {});
    stream.setRawMode(true);
    stream.on('data', (bytes: Buffer) => onKeys(bytes.toString('latin1')));
    // A run that is over does not wait for a key.
    stream.unref();
    process.once('exit', this.#exit);
  }

  /** Reads no more, without any change to the terminal. A stream that is paused would read on, until its buffer is full. */
  pause(): void {
    this.#handle?.readStop?.();
  }

  close(): void {
    process.off('exit', this.#exit);
    this.#stream.setRawMode(false);
    this.#stream.destroy();
  }
}
