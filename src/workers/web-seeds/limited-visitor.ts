/** A visitor whose answers arrive within the download limit of the session. */
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import type { Clock } from '../../shared/clock.ts';
import { HttpError } from '../../shared/http-visitor.ts';
import { RATE_TURN_MS } from '../../shared/limits.ts';
import type { RateBucket } from '../../shared/rate-bucket.ts';
import type { Visitor } from './web-seed.ts';

/** `clock`: the time that all threads share. */
export function limitedVisitor(visitor: Visitor, bucket: RateBucket, clock: Clock): Visitor {
  return {
    visit: async (url, visit) => {
      const answer = await visitor.visit(url, visit);
      return { ...answer, body: throttled(answer.body, bucket, clock) };
    },
  };
}

/** Each part waits until the limit has room; then the server has to wait, because nobody reads. */
function throttled(body: Readable, bucket: RateBucket, clock: Clock): Readable {
  let timer: NodeJS.Timeout | null = null;
  const slow = new Transform({
    transform(part: Buffer, _: BufferEncoding, done: TransformCallback): void {
      const pass = (): void => {
        if (!bucket.take(part.length, clock())) {
          timer = setTimeout(pass, RATE_TURN_MS);
          return;
        }
        done(null, part);
      };
      pass();
    },
    destroy(error, done): void {
      if (timer !== null) clearTimeout(timer);
      body.destroy();
      done(error);
    },
  });
  body.on('error', (error) => slow.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) slow.destroy(new HttpError('it ended too early'));
  });
  return body.pipe(slow);
}
