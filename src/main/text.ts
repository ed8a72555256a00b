/**
 * Text from the network made fit for a terminal. Names, client strings and tracker messages are somebody else's bytes:
 * escape sequences could repaint the screen, bidi marks could turn `gpj.exe` around.
 */

// C0 and C1 controls, line and paragraph separators, bidi marks, embeddings and isolates, the BOM, and bytes of names that are no text.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/** The text with every control and direction character shown as U+FFFD. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** A URL without what identifies the user: credentials, passkeys in the path or query. */
export function redactedUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return '(unreadable URL)';
  }
  parsed.username = '';
  parsed.password = '';
  const path = parsed.pathname
    .split('/')
    .map((part) => (/^[0-9a-zA-Z_-]{16,}$/.test(part) ? '…' : part))
    .join('/');
  return `${parsed.protocol}//${parsed.host}${path}${parsed.search === '' ? '' : '?…'}`;
}
