/**
 * Makes foreign text safe to show. Names, client strings and tracker messages come from others: escape sequences could repaint
 * the screen, and bidi marks could turn `gpj.exe` around. URLs may hold secrets that identify the user.
 */

/**
 * C0 and C1 controls, line and paragraph separators, and invisible characters: bidi marks, zero width, soft hyphens, tags,
 * fillers, lone surrogates. Not the joiners that Persian, Hindi and emoji need, and not the two variation selectors of emoji.
 */
const UNPRINTABLE =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\p{Cs}]/gu;
/** Nearly all text is of this kind. To compile `UNPRINTABLE` costs a short run one instruction in twenty of its main thread. */
const PLAIN = /^[ -~]*$/;

/** One line: every character that moves, hides or turns text becomes U+FFFD, line feeds included. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNPRINTABLE, '\ufffd');
}

/** JSON whose reader gets exactly the same strings, and whose bytes do nothing to a terminal. */
export function printableJson(value: object): string {
  const hidden = JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'string' ? withoutSecrets(one) : one,
  );
  if (PLAIN.test(hidden)) return hidden;
  return hidden.replace(UNPRINTABLE, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** The user's `--show-secrets`: it applies to the whole process. */
let secretsAreShown = false;

export function showSecrets(shown: boolean): void {
  secretsAreShown = shown;
}

export function secretsShown(): boolean {
  return secretsAreShown;
}

/** Paths that every tracker has, and our own. Any other path may contain a passkey. */
const PLAIN_PATH = /^\/?(?:(?:announce|scrape)(?:\.php)?|metrics)?$/;
/** `scheme:`, slashes of either kind or none, and everything up to the path; then the path; then whether more follows. */
const PARTS = /^([a-z][a-z\d+.-]*):([\\/]*)([^\\/?#]*)([^?#]*)(.?)/i;
/** For text that `PARTS` does not match, or a URL without a host. */
const UNREADABLE = '(unreadable URL)';

/** Scheme, registrable domain and port of a URL: any other part may hold a passkey. */
export function redactedUrl(url: string): string {
  if (secretsAreShown) return url;
  // URL parsers drop these characters, so they would end the text too early.
  const [, scheme = '', , authority = '', path = '', more = ''] =
    PARTS.exec(url.trim().replace(/[\t\r\n]/g, '')) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '') return UNREADABLE;
  const isPlain = PLAIN_PATH.test(path);
  return `${scheme}://${domainOf(host)}${isPlain ? path : '/…'}${more === '' ? '' : `${more}…`}`;
}

/** A text that the user typed for a URL: what may be secret is hidden, and all else is as typed, also if it is no URL. */
export function typedUrl(text: string): string {
  if (secretsAreShown) return text;
  const trimmed = text.trim();
  const hasScheme = /^[a-z][a-z\d+.-]*:[\\/]/i.test(trimmed);
  const shown = hasScheme ? redactedUrl(trimmed) : redactedUrl(`x://${trimmed}`).replace(/^x:\/\//, '');
  // Without a host there is nothing to hide but what follows it.
  return shown === UNREADABLE || shown === '' ? (/^[a-z\d+.-]*:*[\\/]*/i.exec(trimmed)?.[0] ?? '') : shown;
}

/** Second-level labels under which countries register domains. If one is missing here, too much is hidden and not too little. */
const REGISTRIES = /^(?:ac|co|com|edu|go|gov|ne|net|or|org)$/i;

/**
 * `….example.org:80` for `a.b.example.org:80`. A list of public suffixes (tldts, psl) would add 100 KB and need regular
 * updates, only to show one more label of a few domains.
 */
function domainOf(authority: string): string {
  const [, host = '', port = ''] = /^(\[[^\]]*\]|[^:]*)((?::(?:\d{1,5}|[A-Z]{1,4})$)?)/.exec(authority) ?? [];
  const labels = host.split('.');
  const isAddress = host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host);
  const isCountry = labels.at(-1)?.length === 2 && REGISTRIES.test(labels.at(-2) ?? '');
  const shown = isCountry ? 3 : 2;
  if (isAddress || labels.length <= shown) return `${host}${port}`;
  return `….${labels.slice(-shown).join('.')}${port}`;
}

/**
 * URLs in a text, except files in a stack trace. The length limit keeps the search linear. No path of ours has two slashes in
 * a row. Punctuation at the end of a sentence is not part of a URL.
 */
const URLS = /\b(?!file:)[a-z][a-z\d+.-]{0,19}:\/\/[^\s"'`<>]*[^\s"'`<>.,;:!?)}]/gi;
const MAGNETS = /\bmagnet:\?[^\s"'`<>]*/gi;

/** The text with each URL as `redactedUrl` shows it, and magnet links without secrets. */
export function withoutSecrets(text: string): string {
  if (secretsAreShown || !text.includes(':')) return text;
  return text.replace(MAGNETS, redactedMagnet).replace(URLS, redactedUrl);
}

/** Info hash and name, and the trackers that are not secret. */
function redactedMagnet(link: string): string {
  const [, query = ''] = link.split('?', 2);
  const params = query.split('&');
  const kept = params.filter((param) => {
    if (/^xt(?:\.\d+)?=urn(?::|%3a)bt[im]h(?::|%3a)[\da-z…]+$/i.test(param) || /^(?:dn|so)=/i.test(param))
      return true;
    return /^tr(?:\.\d+)?=/i.test(param) && isPlainUrl(param.slice(param.indexOf('=') + 1));
  });
  return `magnet:?${kept.join('&')}${kept.length < params.length ? '&…' : ''}`;
}

function isPlainUrl(encoded: string): boolean {
  try {
    const url = decodeURIComponent(encoded);
    return redactedUrl(url) === url;
  } catch {
    return false;
  }
}
