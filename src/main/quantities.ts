/**
 * Types for reported values. The name of a type gives its unit. The tags are for the JSON schema of the events, which is made
 * from the types.
 */

/**
 * A number of things.
 * @integer
 * @minimum 0
 */
export type Count = number;

/**
 * A position, from 0.
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
 * Bytes per second.
 * @minimum 0
 */
export type BytesPerSecond = number;

/**
 * Milliseconds.
 * @minimum 0
 */
export type Milliseconds = number;

/**
 * A share, from 0 to 1.
 * @minimum 0
 */
export type Share = number;

/**
 * The info hash (BEP 3) as 40 hexadecimal digits.
 * @pattern ^[0-9a-f]{40}$
 */
export type InfoHash = string;

/**
 * The id of a job of a fleet: the info hash as 40 hexadecimal digits, or 64 of a torrent that has version 2 alone (BEP 52).
 * @pattern ^[0-9a-f]{40}(?:[0-9a-f]{24})?$
 */
export type JobId = string;

/** HOST:PORT, IPv6 in brackets. */
export type PeerAddress = string;
