/** The real file system, for tests in virtual time: says when no operation is in progress any more. */
import { type FileSystem, SYSTEM_FILES } from '../../src/shared/file-system.ts';

export class AwaitedFiles {
  #pending = 0;
  readonly files: FileSystem = { ...SYSTEM_FILES, slow: this.#counted(SYSTEM_FILES.slow) };

  /** Resolves when what runs has ended, and what follows from it. */
  async idle(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.#pending > 0);
  }

  #counted(slow: FileSystem['slow']): FileSystem['slow'] {
    return new Proxy(slow, {
      get: (target, name, receiver) => {
        const operation = Reflect.get(target, name, receiver) as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          this.#pending += 1;
          try {
            return await operation(...given);
          } finally {
            this.#pending -= 1;
          }
        };
      },
    });
  }
}
