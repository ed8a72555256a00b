/** Simulated peers that are asked for hashes of trees (BEP 52): most know them, others refuse, say nothing, or lie. */
import { HashAnswers } from '../../src/main/hashes/hash-answers.ts';
import { leavesOf } from '../../src/shared/merkle.ts';
import { decodeHashRequest } from '../../src/workers/wire/hash-message.ts';
import { frame } from '../support/wire-bytes.ts';
import type { SimContent } from './sim-content.ts';

export const liesAboutHashes = (seed: number): boolean => seed % 5 === 3;

/** The answer to the payload of a request; null for none. `seed`: 0 is honest. */
export function treeOf({ metainfo, bytes }: SimContent, seed: number): (payload: Buffer) => Buffer | null {
  const { version2, geometry } = metainfo;
  if (version2 === null) return () => null;
  const answers = new HashAnswers(version2, geometry);
  const habit = seed % 5;
  return (payload) => {
    if (habit === 1) return null;
    const request = decodeHashRequest(payload);
    const answer = answers.to(request);
    if (habit === 2 || answer === null) return frame(23, payload);
    const { leaves, hashes } = answer;
    const own = leaves === null ? Buffer.alloc(0) : leavesOf(bytes(leaves.piece, 0, leaves.bytes));
    const rest = leaves === null ? 0 : 32 * request.count - own.length;
    const whole = Buffer.concat([own, Buffer.alloc(rest), hashes]);
    if (liesAboutHashes(seed)) whole[whole.length - 1] = (whole[whole.length - 1] ?? 0) ^ 1;
    return frame(22, Buffer.concat([payload, whole]));
  };
}
