/**
 * What ends a run other than success: a stable code, a sentence for the user, and one table from code to exit status.
 * Expected failures of peers are not here: those are values (`close-reason.ts`).
 */
export const EXIT_STATUS = {
  bug: 1,
  usage: 2,
  'bad-torrent': 3,
  'no-peer': 4,
  timeout: 4,
  queue: 4,
  disk: 5,
  'bad-data': 6,
  interrupted: 130,
} as const;

export type FailureCode = keyof typeof EXIT_STATUS;

/** An error for the user to read. Anything else that is thrown is a bug of ours. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** The message, line by line. A line feed inside a line comes from foreign text. */
  readonly lines: readonly string[];

  constructor(code: FailureCode, message: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof message === 'string' ? [message] : message;
    super(lines.join('\n'), options);
    this.code = code;
    this.lines = lines;
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }
}

/** A value that an option cannot have. It may come from the environment or the config file: `cli/settings.ts` knows. */
export class BadOption extends Failure {
  readonly option: string;
  /** The value, and what is wrong with it. */
  readonly #said: string;

  /** `option`: as on the command line, `--max-peers`. */
  constructor(
    option: string,
    said: string,
    more: { readonly code?: FailureCode; readonly cause?: unknown } = {},
  ) {
    super(more.code ?? 'usage', `${option} ${said}`, { cause: more.cause });
    this.option = option;
    this.#said = said;
  }

  /** The same failure, with another origin of the value: `UNCHOKE_MAX_PEERS=`. */
  from(origin: string): Failure {
    return new Failure(this.code, `${origin}${this.#said}`, { cause: this.cause });
  }
}
