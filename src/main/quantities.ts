/**
 * Numbers and words with their unit in the name of the type, for what we report. The tags are for the JSON schema of events,
 * which is made from the types.
 */

/**
 * How many.
 * @integer
 * @minimum 0
 */
export type Count = number;

/**
 * Which one, from 0.
 * @integer
 * @minimum 0
 */
export type Index = number;

/**
 * Bytes.
 * @integer
 * @minimum 0
 */
export type Bytes = number;

/**
 * Bytes a second.
 * @minimum 0
 */
export type BytesPerSecond = number;

/**
 * Milliseconds.
 * @minimum 0
 */
export type Milliseconds = number;

/**
 * Part of a whole, from 0 to 1.
 * @minimum 0
 */
export type Share = number;

/**
 * The info hash (BEP 3) in hexadecimal digits.
 * @pattern ^[0-9a-f]{40}$
 */
export type InfoHash = string;

/** HOST:PORT, IPv6 in brackets. */
export type PeerAddress = string;
