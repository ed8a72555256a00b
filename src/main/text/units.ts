/** Sizes, rates and durations as people write and read them. Binary units throughout: K and KiB are 1,024 bytes. */
import { MAX_DURATION_MS } from '../../shared/limits.ts';
import { BadOption } from '../failure.ts';

const SIZE = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)?$/i;
const FACTORS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h|hours?|d|days?)?$/;
const DURATIONS: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1e3, sec: 1e3, m: 6e4, min: 6e4, h: 3.6e6, hour: 3.6e6, hours: 3.6e6 },
  ...{ d: 8.64e7, day: 8.64e7, days: 8.64e7 },
};

/** `10M`, `1.5GiB`, `500` → bytes, up to `most`. Throws a usage failure that names the option. */
export function parseSize(option: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const match = SIZE.exec(text.trim());
  if (match === null) throw new BadOption(option, `${text}: not a size (write 512K, 128M or 1.5GiB)`);
  const bytes = rounded(
    option,
    text,
    Number(match[1]) * (FACTORS[(match[2] ?? '').toUpperCase()] ?? 1),
    'a byte',
  );
  if (bytes > most) throw new BadOption(option, `${text}: more than ${formatSize(most)}`);
  return bytes;
}

/** Bytes per second, such as `400K` or `2M/s`; 0 is no limit. Throws a usage failure. */
export function parseRate(option: string, text: string): number {
  const size = text.trim().replace(/\/s$/, '');
  if (!SIZE.test(size)) throw new BadOption(option, `${text}: not a rate (write 400K or 2M; 0 is unlimited)`);
  return parseSize(option, size);
}

/** `1`, `1.5`. Throws a usage failure. */
export function parseRatio(option: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new BadOption(option, `${text}: not a ratio (write 1 or 1.5)`);
  return Number(text);
}

/** `30`, `90s`, `5m`, `5min`, `1.5h` → milliseconds from `least`; a bare number is seconds. Throws a usage failure. */
export function parseDuration(option: string, text: string, least = 0): number {
  const match = DURATION.exec(text.trim());
  if (match === null) throw new BadOption(option, `${text}: not a duration (write 30s, 5m or 1.5h)`);
  const ms = rounded(option, text, Number(match[1]) * (DURATIONS[match[2] ?? 's'] ?? 1e3), 'a millisecond');
  if (ms < least) throw new BadOption(option, `${text}: less than ${formatTime(least)}`);
  if (ms > MAX_DURATION_MS) throw new BadOption(option, `${text}: longer than 24 days`);
  return ms;
}

/** Only 0 becomes 0, which often means that there is no limit. */
function rounded(option: string, text: string, value: number, unit: string): number {
  if (value > 0 && Math.round(value) === 0) throw new BadOption(option, `${text}: less than ${unit}`);
  return Math.round(value);
}

/** A whole number from `least` to `most`. Throws a usage failure. */
export function parseCount(option: string, text: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new BadOption(option, `${text}: not a whole number of ${least} or more`);
  }
  if (value > most) throw new BadOption(option, `${text}: more than ${most}`);
  return value;
}

/** A port to listen on; 0 takes a free one. Throws a usage failure. */
export function parsePort(option: string, text: string): number {
  const port = parseCount(option, text);
  if (port > 65_535) throw new BadOption(option, `${text}: no port is larger than 65535`);
  return port;
}

/** `1 file`, `3 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `64.0 MiB`, `1.5 KiB`, `12 B`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  // The number that is shown decides: 1,023.96 KiB would be 1024.0.
  const shown = (): string => (bytes / 1_024 ** unit).toFixed(Math.min(unit, 1));
  while (Number(shown()) >= 1_024 && unit < units.length - 1) unit += 1;
  return `${shown()} ${units[unit]}`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** A time for people, without digits that nobody reads: `0.8 s`, `5 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatTime(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  if (ms < 9_950) return `${Number((ms / 1_000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const [large, small, factor, step]: readonly [string, string, number, number] =
    seconds < 3_600
      ? ['min', 's', 60, 1]
      : seconds < 86_400
        ? ['h', 'min', 3_600, 60]
        : ['d', 'h', 86_400, 3_600];
  const rest = Math.floor((seconds % factor) / step);
  return `${Math.floor(seconds / factor)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}

/** A time to come, which nobody knows to a tenth of a second: `1 s`, `6 s`, `3 min 5 s`. */
export function formatTimeLeft(ms: number): string {
  return formatTime(Math.max(1, Math.round(ms / 1_000)) * 1_000);
}

/** `840 ms`, `2.93 s`, `3m 05s`, `2h 10m`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '-';
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1_000).toFixed(2)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(seconds / 3_600)}h ${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}m`;
}
