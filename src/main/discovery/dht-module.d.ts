/** The package has no types of its own. */
declare module 'bittorrent-dht' {
  export const Client: import('./dht-library.ts').DhtLibrary;
}
