/** The SOCKS5 proxy that the user named. */

/** With user name and password if the proxy needs them. */
export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
}

const DEFAULT_PORT = 1_080;

/** Throws TypeError or URIError if the URL is not valid. */
export function socksProxyOf(url: string): SocksProxy {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    user: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : decodeURIComponent(password),
  };
}
