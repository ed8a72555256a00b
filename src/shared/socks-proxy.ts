/** A SOCKS5 proxy as the user names it. */

/** With the name and the word for it where it wants them. */
export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
}

const DEFAULT_PORT = 1_080;

/** Throws TypeError or URIError for what is no such URL. */
export function socksProxyOf(url: string): SocksProxy {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    user: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
  };
}
