/** What is wrong with a source that was mistyped, as far as its form shows it. */

const KNOWN = 'unchoke opens http:// and https:// URLs, magnet: links, info hashes and files';
const HEX_DIGITS = 40;
const BASE32_DIGITS = 32;

/** For a name that no file has: what the user may have meant; null if it looks like a file. */
export function sourceMistake(source: string): string | null {
  if (source === '') return `an empty name; ${KNOWN}`;
  const hash = /^(?:urn:)?btih:(.*)$/i.exec(source)?.[1];
  if (hash !== undefined) return hashMistake(hash) ?? 'give the hash alone, without urn:btih:';
  const [, scheme = ''] = /^([a-z][a-z\d+.-]+):\/\//i.exec(source) ?? [];
  if (scheme.toLowerCase() === 'file') return 'give the path of the file, without file://';
  if (scheme !== '') return `unchoke does not know "${scheme}:"; ${KNOWN}`;
  if (/^[a-z]*[:.]?\/{0,2}\?xt(?:\.\d+)?=/i.test(source))
    return 'a magnet link begins with "magnet:" and a question mark';
  if (/^www\./i.test(source)) return 'there is no such file; a URL begins with http:// or https://';
  return hashMistake(source);
}

/** For a text that begins with `http:` or `https:`. */
export function httpMistake(url: string): string | null {
  const [, scheme = '', slashes = ''] = /^(https?):([\\/]*)/i.exec(url) ?? [];
  if (slashes !== '//')
    return `${scheme}:${slashes}…: a URL has two slashes here: ${scheme.toLowerCase()}://HOST/…`;
  return URL.canParse(url) ? null : `${scheme}://…: not a valid URL; the host and the port must be valid`;
}

/** For a text that is not an info hash: why, if it looks like one. */
export function hashMistake(text: string): string | null {
  const { length } = text;
  const isOfHex = /^[\da-f]+$/i.test(text);
  if (isOfHex && length >= 28 && length <= 56 && length !== HEX_DIGITS)
    return `an info hash has ${HEX_DIGITS} hex digits; this has ${length}`;
  const [foreign] = /[^\da-f]/i.exec(text) ?? [];
  if (foreign !== undefined && /^[\da-z]{40}$/i.test(text))
    return `an info hash has only the hex digits 0-9 and a-f; this has "${foreign}"`;
  if (length >= 28 && length <= 36 && /^(?:[A-Z2-7]+|[a-z2-7]+)$/.test(text) && /\d/.test(text))
    return `an info hash in base32 has ${BASE32_DIGITS} characters; this has ${length}`;
  return null;
}
