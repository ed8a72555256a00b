/** A field of a torrent that is not valid. The message is part of a sentence for the user. */
export class BadField extends Error {
  override readonly name = 'BadField';
}
