/** Small torrents written by hand. */

export const str = (text: string | Buffer): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);
};
export const int = (value: number): Buffer => Buffer.from(`i${value}e`);
export const list = (...items: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('l'), ...items, Buffer.from('e')]);
export const dict = (fields: Record<string, Buffer>): Buffer =>
  Buffer.concat([
    Buffer.from('d'),
    ...Object.entries(fields).flatMap(([key, value]) => [str(key), value]),
    Buffer.from('e'),
  ]);

/** A single-file torrent; `info` overrides or adds fields of its info dictionary, `top` of the torrent. */
export function torrentOf(info: Record<string, Buffer> = {}, top: Record<string, Buffer> = {}): Buffer {
  const fields = {
    length: int(100),
    name: str('file.bin'),
    'piece length': int(16_384),
    pieces: str(Buffer.alloc(20)),
    ...info,
  };
  return dict({ ...top, info: dict(fields) });
}
