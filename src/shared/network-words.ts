/** Error codes of the system, TLS, the HTTP parser and name servers, as words about a server. The caller adds where it failed. */

const NOT_HTTP = 'its answer is not HTTP';
/** An HTTP server got the beginning of a TLS handshake, or a TLS server a request. */
const NOT_TLS = 'it does not speak https; try http://';
const NEEDS_TLS = 'it speaks https only; try https://';
/** The first byte of a TLS alert (RFC 8446). */
const TLS_ALERT = 0x15;

const NOT_TRUSTED = 'its certificate is not trusted';
const UNKNOWN_NAME = 'no name server knows its name';
const NO_NAME_SERVER = 'the name servers did not answer';

/** Words for the codes of the system and of TLS. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no program listens there',
  ECONNRESET: 'it closed the connection too early',
  ECONNABORTED: 'it closed the connection too early',
  EPIPE: 'it closed the connection too early',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'its host cannot be reached',
  EHOSTDOWN: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached from here',
  ENETDOWN: 'its network cannot be reached from here',
  EADDRNOTAVAIL: 'its network cannot be reached from here',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not yet valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** Words for other codes by how they begin; the code stays, because people search for it. */
const BEGINNINGS: readonly (readonly [begins: RegExp, words: string])[] = [
  [/^ENOTFOUND$/, UNKNOWN_NAME],
  [/^EAI_/, NO_NAME_SERVER],
  [/^HPE_/, NOT_HTTP],
  [/^(?:EPROTO$|ERR_SSL_|ERR_TLS_)/, 'no secure connection could be made'],
  [/CERT|CRL|SIGNATURE/, 'its certificate is not valid'],
  [/^E(?:MFILE|NFILE|NOBUFS|NOMEM)$/, 'this machine has no room for another connection'],
  [/^E(?:ACCES|PERM)$/, 'this machine does not permit the connection'],
];

/** Words for what a name server or the system says about a name. */
const NAME_WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: UNKNOWN_NAME,
  ENODATA: UNKNOWN_NAME,
  ENONAME: UNKNOWN_NAME,
  EBADNAME: 'it is not a valid name',
  EAI_AGAIN: NO_NAME_SERVER,
  ETIMEOUT: NO_NAME_SERVER,
  ECONNREFUSED: NO_NAME_SERVER,
  ESERVFAIL: 'the name servers failed',
  EREFUSED: 'the name servers refuse to answer',
  ECANCELLED: 'the look-up was given up',
};

export function networkWords(error: Error): string {
  // Several addresses were tried: the first error counts.
  if (error instanceof AggregateError && error.errors.length > 0)
    return networkWords(error.errors[0] as Error);
  // The package `socks` passes on only the message.
  const { code = /^(?:connect|read|write) (E[A-Z]+)\b/.exec(error.message)?.[1] ?? '' } =
    error as NodeJS.ErrnoException;
  if (code === '') return String(error.message);
  const begins = BEGINNINGS.find(([beginning]) => beginning.test(code))?.[1];
  if (WORDS[code] !== undefined) return WORDS[code];
  if (isNotTls(code, error.message)) return NOT_TLS;
  if (begins === NOT_HTTP) return isTlsAlert(error) ? NEEDS_TLS : NOT_HTTP;
  return `${begins ?? 'the connection failed'} (${code})`;
}

/** OpenSSL reads the first bytes of another protocol as a TLS record. */
function isNotTls(code: string, message: string): boolean {
  if (code === 'EPROTO') return /wrong version number|packet length too long|http request/i.test(message);
  return /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST)$/.test(code);
}

function isTlsAlert(error: Error): boolean {
  return (error as { readonly rawPacket?: Uint8Array }).rawPacket?.[0] === TLS_ALERT;
}

/** Why a name has no address. */
export function lookUpWords(code: string): string {
  const words = NAME_WORDS[code] === undefined ? '' : `: ${NAME_WORDS[code]}`;
  return `its name cannot be looked up${words} (${code})`;
}
