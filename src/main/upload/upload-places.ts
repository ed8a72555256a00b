/** How many peers are unchoked at one time: more where the uplink is faster, so that each of them gets enough to matter. */
import {
  FIRST_UPLOAD_PLACES,
  MAX_UPLOAD_PLACES,
  MIN_UPLOAD_PLACES,
  UPLOAD_PLACE_BYTES_PER_S,
} from '../../shared/limits.ts';

/** Of a second: half of the best rate is forgotten in about a minute. */
const RATE_MEMORY = 0.99;

/** Of the rate so far, in each second. */
const LATELY = 0.7;
/** From this share of the limit on, peers that wait for data wait for the limit. */
const USED_UP = 0.5;

/** What is seen in a second. */
export interface Uplink {
  readonly bytesPerS: number;
  /** Peers that may request, and those of them that have requested what they have not got. */
  readonly served: number;
  readonly owed: number;
  /** Peers that want data and are choked. */
  readonly waiting: number;
}

/** `bytesPerS`: what the uplink can do. */
export function placesFor(bytesPerS: number): number {
  // 20 places at 400 KiB/s. In swarms of libtorrent peers that did better than 4, 6, 9 or 14 (bench/NOTES.md).
  const byRoot = Math.floor(Math.sqrt(bytesPerS / 1_024));
  return bounded(Math.max(byRoot, Math.floor(bytesPerS / UPLOAD_PLACE_BYTES_PER_S)));
}

export class UploadPlaces {
  /** Bytes per second; 0 is no limit. */
  readonly #limit: number;
  /** The fastest second so far, slowly forgotten: what the uplink can do. */
  #best = 0;
  #seconds = 0;
  /** Places beyond those, while the uplink is not full. */
  #extra = 0;

  /** Bytes per second, lately. */
  #rate = 0;
  /** Most of the peers that are served wait for us. */
  #areWaiting = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Peers could get more than the limit allows. */
  get isLimitUsedUp(): boolean {
    return this.#limit > 0 && this.#areWaiting && this.#rate >= USED_UP * this.#limit;
  }

  get now(): number {
    if (this.#limit > 0) return placesFor(this.#limit);
    // At first nothing is known of the uplink: a fast one would stand idle with few places.
    if (this.#seconds < 5) return Math.max(FIRST_UPLOAD_PLACES, placesFor(this.#best));
    return bounded(placesFor(this.#best) + this.#extra);
  }

  /** Call it once a second while somebody wants data. */
  look({ bytesPerS, served, owed, waiting }: Uplink): void {
    this.#best = Math.max(bytesPerS, this.#best * RATE_MEMORY);
    this.#rate = this.#rate * LATELY + bytesPerS * (1 - LATELY);
    this.#areWaiting = owed * 2 > served;
    if (bytesPerS > 0) this.#seconds += 1;
    // Where most peers have got all that they requested, the uplink has room for more of them.
    const hasRoom = waiting > 0 && owed * 2 < served;
    this.#extra = hasRoom ? this.#extra + Math.ceil(served / 8) : Math.floor(this.#extra * 0.9);
  }
}

function bounded(places: number): number {
  return Math.min(MAX_UPLOAD_PLACES, Math.max(MIN_UPLOAD_PLACES, places));
}
