/** The package `bencode` ships no types; this is the part of it that we use. */
declare module 'bencode' {
  const bencode: {
    decode(data: Uint8Array): unknown;
    encode(data: unknown): Uint8Array;
  };
  export default bencode;
}
