/** Sources of addresses other than trackers. A tracker is named by its own name. */

/** The source of peers that the user named. */
export const USER = 'user';
/** Sources that a private torrent may not use (BEP 27). */
export const DHT = 'dht';
export const LSD = 'lsd';
export const PEX = 'pex';
/** Peers that a magnet link names (`x.pe`). */
export const MAGNET = 'magnet';
export const PUBLIC_SOURCES: ReadonlySet<string> = new Set([DHT, LSD, PEX, MAGNET]);
/** The source of peers that connected to us. */
export const INCOMING = 'incoming';
/** The source of peers that dialled us while we dialled them (BEP 55). */
export const HOLEPUNCH = 'holepunch';
