/**
 * Threads that each run one task until it is told to stop, and the line to each thread: commands go down, events come up. The
 * real ones are threads of a Piscina pool; a simulation provides its own.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ThreadPool } from './thread-pool.ts';

export interface TaskLine<Command> {
  post(command: Command): void;
  /** Resolves when the task has ended; its last events may arrive after that. Rejects with the reason why the thread died. */
  readonly ended: Promise<void>;
  /** No more events are reported. */
  close(): void;
}

export interface TaskThreads<Task, Command, Event> {
  start(task: Task, hear: (event: Event) => void): TaskLine<Command>;
  /** Ends all threads. */
  end(): Promise<void>;
}

/** The task as the thread gets it, with the thread's end of the line. */
type PortTask<Task> = Task & { readonly port: MessagePort };

/** `pool`: called when the first thread is needed. */
export function taskThreads<Task extends object, Command, Event>(
  pool: () => ThreadPool<PortTask<Task>, void>,
): TaskThreads<Task, Command, Event> {
  let threads: ThreadPool<PortTask<Task>, void> | null = null;
  return {
    start: (task, hear) => {
      threads ??= pool();
      const { port1, port2 } = new MessageChannel();
      port1.on('message', hear);
      return {
        post: (command) => port1.postMessage(command),
        ended: threads.run({ ...task, port: port2 }, [port2]),
        close: () => port1.close(),
      };
    },
    end: async () => await threads?.end(),
  };
}
