/** A field of a torrent that cannot be read. The message is a sentence fragment fit for the user. */
export class BadField extends Error {
  override readonly name = 'BadField';
}
