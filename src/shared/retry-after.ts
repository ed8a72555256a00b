/** RFC 9110, 10.2.3: the wait that a server asks for, in seconds or until a date. */

/** Milliseconds from `now` (calendar time); null if the value means nothing. */
export function retryAfterMs(value: string | string[] | undefined, now: number): number | null {
  const text = (typeof value === 'string' ? value : '').trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
