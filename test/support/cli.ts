/** Runs the built command line like a user, in its own process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { checkEvent } from './event-schema.ts';
import { CLI } from './paths.ts';

export interface CliResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout read as JSON lines. */
  readonly events: readonly Record<string, unknown>[];
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves at the first line of stdout that `matches`, rejects if the process ends before. */
  line(matches: (line: string) => boolean): Promise<string>;
}

const TIMEOUT_MS = 120_000;
/** Tests leave no key in the user's state folder. */
export const STATE = mkdtempSync(join(tmpdir(), 'unchoke-state-'));
process.once('exit', () => rmSync(STATE, { recursive: true, force: true }));
/** Tests stay on this machine and end soon: network sources and retries are off unless a test needs them. */
const AT_HOME: Readonly<Record<string, readonly string[]>> = {
  '--no-dht': ['--dht-bootstrap'],
  '--no-lsd': ['--lsd-is-wanted'],
  '--no-utp': ['--utp-is-wanted'],
};

export function atHome(args: readonly string[]): string[] {
  if (!['get', 'share', 'race', 'inspect', 'doctor', 'bench'].includes(args[0] ?? '')) return [...args];
  const wanted = args.filter((arg) => !arg.endsWith('-is-wanted'));
  const off = Object.entries(AT_HOME).filter(([, signs]) => !signs.some((sign) => args.includes(sign)));
  return [...wanted, ...off.map(([option]) => option)];
}

export function startCli(args: readonly string[], command: readonly string[] = []): RunningCli {
  const [program, ...before] = [...command, process.execPath];
  const child = spawn(program as string, [...before, CLI, ...atHome(args)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, XDG_STATE_HOME: STATE },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      try {
        resolve({ status, signal, stdout, stderr, events: args.includes('--json') ? eventsOf(stdout) : [] });
      } catch (error) {
        reject(error);
      }
    });
  });
  const line = (matches: (line: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        const found = stdout.split('\n').slice(0, -1).find(matches);
        if (found === undefined) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      void ended.then(() => reject(new Error(`ended before that line: ${stderr}`)));
    });
  return { child, ended, line };
}

/** Whole lines only: the last one of a run that was killed may be cut. */
function eventsOf(stdout: string): Record<string, unknown>[] {
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((line) => {
    const event = JSON.parse(line) as Record<string, unknown>;
    checkEvent(event);
    return event;
  });
}

export function runCli(...args: readonly string[]): Promise<CliResult> {
  return startCli(args).ended;
}

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'unchoke-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
