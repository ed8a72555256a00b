/** What an HTTP proxy is told beside the request itself, and what it is asked for where it can do without a tunnel. */
import type { OutgoingHttpHeaders, RequestOptions } from 'node:http';

/** RFC 9110, 11.7: the name and the password of the proxy's URL; nothing where it has none. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  return username === '' && password === '' ? {} : { 'proxy-authorization': basic(username, password) };
}

/**
 * RFC 9112, 3.2.2: a proxy is asked for an `http:` URL by its absolute form. Many proxies make tunnels to port 443 only.
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

/** The proxy's own refusal of a request; null where it is none. tinyproxy says 401 to a wrong password, as a server would. */
export function proxyRefusal(status: number | undefined, sent: OutgoingHttpHeaders): string | null {
  if (status === 407) return 'the proxy refuses: HTTP status 407';
  const isUnclear = status === 401 && sent['proxy-authorization'] !== undefined;
  return isUnclear ? 'the proxy refuses, or the server behind it: HTTP status 401' : null;
}

/** Where a proxy listens, as Node's clients are told. */
export function serverOf({ protocol, hostname, port }: URL): RequestOptions {
  return { protocol, host: hostname.replace(/^\[|\]$/g, ''), ...(port === '' ? {} : { port }) };
}

function basic(username: string, password: string): string {
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(user).toString('base64')}`;
}
