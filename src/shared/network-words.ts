/** Error codes of the system, TLS and the HTTP parser, as words for the user. The caller adds where it failed. */

export const NOT_HTTP = 'its answer is not HTTP';

/** Words for the codes of the system and of TLS. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no program listens there',
  ECONNRESET: 'it closed the connection too early',
  EPIPE: 'it closed the connection too early',
  ETIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached from here',
  EADDRNOTAVAIL: 'its network cannot be reached from here',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not yet valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** An unknown code is shown as it is, which is better than nothing. */
export function networkWords(error: Error): string {
  // Several addresses were tried: the first error counts.
  if (error instanceof AggregateError && error.errors.length > 0)
    return networkWords(error.errors[0] as Error);
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code.startsWith('HPE_')) return NOT_HTTP;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return 'TLS failed';
  return WORDS[code] ?? (code === '' ? String(error.message) : code);
}
