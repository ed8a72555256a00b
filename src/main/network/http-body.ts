/** Compressed bodies that we did not ask for: some servers compress everything. */
import { promisify } from 'node:util';
import { HttpError, HttpTooLong } from '../../shared/http-visitor.ts';

/** The decompressed body. Rejects with HttpError, also if the result is longer than `maxBytes`. */
export async function unpacked(body: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  // A gzip header is sometimes wrong and sometimes missing: the body itself decides.
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const isDeflate = /deflate/i.test(encoding) && !isGzip;
  const isBrotli = /\bbr\b/i.test(encoding);
  if (body.length === 0 || !(isGzip || isDeflate || isBrotli)) return body;
  const zlib = await import('node:zlib');
  // In RFC 9110 "deflate" means zlib; some servers send raw deflate.
  const isZlib = ((body[0] ?? 0) & 0x0f) === 8 && body.length > 1 && body.readUInt16BE(0) % 31 === 0;
  const unpack = isGzip
    ? zlib.gunzip
    : isBrotli
      ? zlib.brotliDecompress
      : isZlib
        ? zlib.inflate
        : zlib.inflateRaw;
  try {
    return await promisify<Buffer, { maxOutputLength: number }, Buffer>(unpack)(body, {
      maxOutputLength: maxBytes,
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new HttpTooLong(maxBytes, { cause: error });
    throw new HttpError('the compressed answer cannot be decompressed', { cause: error });
  }
}
