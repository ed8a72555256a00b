/** Headers for an HTTP proxy, and requests that it can carry without a tunnel. */
import type { OutgoingHttpHeaders, RequestOptions } from 'node:http';

/** RFC 9110, 11.7: name and password from the proxy's URL; nothing if it has none. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  return username === '' && password === '' ? {} : { 'proxy-authorization': basic(username, password) };
}

/**
 * RFC 9112, 3.2.2: an `http:` URL is requested from a proxy in its absolute form. Many proxies allow tunnels only to port 443.
 */
export function forwarded(
  proxy: URL,
  url: URL,
  headers: Readonly<Record<string, string>>,
): RequestOptions & { readonly headers: OutgoingHttpHeaders } {
  const { username, password } = url;
  return {
    ...serverOf(proxy),
    path: `${url.origin}${url.pathname}${url.search}`,
    headers: {
      ...headers,
      host: url.host,
      ...(username === '' && password === '' ? {} : { authorization: basic(username, password) }),
      ...proxyAuthorization(proxy),
    },
  };
}

/** The proxy's own refusal of a request; null if it did not refuse. tinyproxy answers 401 to a wrong password, as a server would. */
export function proxyRefusal(status: number | undefined, sent: OutgoingHttpHeaders): string | null {
  if (status === 407) return 'the proxy refuses: HTTP status 407';
  const isUnclear = status === 401 && sent['proxy-authorization'] !== undefined;
  return isUnclear ? 'the proxy or the server refuses: HTTP status 401' : null;
}

/** The proxy's address in the form of Node's clients. */
export function serverOf({ protocol, hostname, port }: URL): RequestOptions {
  return { protocol, host: hostname.replace(/^\[|\]$/g, ''), ...(port === '' ? {} : { port }) };
}

function basic(username: string, password: string): string {
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(user).toString('base64')}`;
}
