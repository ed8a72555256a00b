/**
 * Text of other people's making, made fit to be shown. Names, client strings and tracker messages are somebody else's bytes: escape
 * sequences could repaint the screen, bidi marks could turn `gpj.exe` around. And URLs hold what identifies the user.
 */

/**
 * C0 and C1 controls, line and paragraph separators, and what has no look of its own: bidi marks, zero width, soft hyphens, tags,
 * fillers, halves of characters. Not so the joiners that Persian, Hindi and emoji are written with, and the two choices of an emoji's look.
 */
const UNPRINTABLE =
  /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb\p{Cs}]/gu;
/** Nearly all text is of this kind. To compile `UNPRINTABLE` costs a short run one instruction in twenty of its main thread. */
const PLAIN = /^[ -~]*$/;

/** One line: every character that moves, hides or turns text is shown as U+FFFD, line feeds as well. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNPRINTABLE, '\ufffd');
}

/** JSON whose reader gets the very same strings, and whose bytes do nothing to a terminal. */
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

/** What the user said with `--show-secrets`: for the whole process, as its terminal is. */
let secretsAreShown = false;

export function showSecrets(shown: boolean): void {
  secretsAreShown = shown;
}

export function secretsShown(): boolean {
  return secretsAreShown;
}

/** Paths that everybody's tracker has, and our own. Of any other nobody knows what in it is a passkey. */
const PLAIN_PATH = /^\/?(?:(?:announce|scrape)(?:\.php)?|metrics)?$/;
/** `scheme:`, slashes of either kind or none, and all up to the path; then the path; then whether there is more. */
const PARTS = /^([a-z][a-z\d+.-]*):([\\/]*)([^\\/?#]*)([^?#]*)(.?)/i;
/** What is no URL for `PARTS`, or has no host. */
const UNREADABLE = '(unreadable URL)';

/** Scheme, registrable domain and port of a URL: the rest may hold a passkey, and nobody can tell where. */
export function redactedUrl(url: string): string {
  if (secretsAreShown) return url;
  // What readers of URLs drop would otherwise be where a text is cut.
  const [, scheme = '', , authority = '', path = '', more = ''] =
    PARTS.exec(url.trim().replace(/[\t\r\n]/g, '')) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '') return UNREADABLE;
  const isPlain = PLAIN_PATH.test(path);
  return `${scheme}://${domainOf(host)}${isPlain ? path : '/…'}${more === '' ? '' : `${more}…`}`;
}

/** Second-level labels under which countries register domains. Where one is missing here, too much is hidden and not too little. */
const REGISTRIES = /^(?:ac|co|com|edu|go|gov|ne|net|or|org)$/i;

/**
 * `….example.org:80` for `a.b.example.org:80`. A list of public suffixes (tldts, psl) would add 100 KB and need new data all the time to
 * show a label more of few domains.
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

/** URLs in a text, but for the files in a stack. The bound keeps the search linear. No path of ours has two slashes side by side. What ends a sentence is no part of them. */
const URLS = /\b(?!file:)[a-z][a-z\d+.-]{0,19}:\/\/[^\s"'`<>]*[^\s"'`<>.,;:!?)}]/gi;
const MAGNETS = /\bmagnet:\?[^\s"'`<>]*/gi;

/** The text with each URL in it as `redactedUrl` shows it, and magnet links with what is no secret. */
export function withoutSecrets(text: string): string {
  if (secretsAreShown || !text.includes(':')) return text;
  return text.replace(MAGNETS, redactedMagnet).replace(URLS, redactedUrl);
}

/** What it is and what it is called; of its trackers those that anybody may know. */
function redactedMagnet(link: string): string {
  const [, query = ''] = link.split('?', 2);
  const params = query.split('&');
  const kept = params.filter((param) => {
    if (/^xt(?:\.\d+)?=urn(?::|%3a)btih(?::|%3a)[\da-z…]+$/i.test(param) || /^(?:dn|so)=/i.test(param))
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
