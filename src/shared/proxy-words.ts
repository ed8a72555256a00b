/** What a proxy did to a connection, in words that begin with one of these: a diagnosis tells them from what a peer or tracker did. */

/** No connection to the proxy itself. */
export const PROXY_DOWN = 'the proxy cannot be reached';
/** It wants another user name or password, or does not want us. */
const PROXY_DENIES = 'the proxy denies us access';
/** It answers, but cannot or may not connect to that host. */
const PROXY_CANNOT = 'the proxy cannot connect';

/** What the package `socks` says when the proxy does not accept who we are. */
const DENIALS = /Authentication failed|no accepted authentication type|unknown authentication type/;
/** An answer of the proxy about the host; a refusal by the host itself is not its fault. */
const REJECTION = /Socks5 proxy rejected connection - (?!ConnectionRefused)(.*)/;

/** The words of `http-proxy.ts` and `tunnel.ts`. */
const HTTP_DENIAL = /the proxy refuses: HTTP status 407|the proxy or the server refuses/;
const HTTP_REFUSAL = /the proxy refuses: HTTP status/;

/** An error of the package `socks`, after the connection to the proxy was there. */
export function socksWords(message: string): string {
  if (DENIALS.test(message)) return `${PROXY_DENIES}: ${message}`;
  const rejection = REJECTION.exec(message)?.[1];
  return rejection === undefined ? message : `${PROXY_CANNOT}: ${rejection}`;
}

/** What failed, by the words of a failure: the way to the proxy, who we are to it, or its way to the host; null: not the proxy. */
export function proxyFault(words: string): 'down' | 'denies' | 'cannot' | null {
  if (words.includes(PROXY_DOWN)) return 'down';
  if (words.includes(PROXY_DENIES) || HTTP_DENIAL.test(words)) return 'denies';
  return words.includes(PROXY_CANNOT) || HTTP_REFUSAL.test(words) ? 'cannot' : null;
}
