import type { SinkTraits } from 'guance-aws-lambda/dff'

/** Whether a line goes out once, because nobody knows what another one would do, or it would be held twice. */
export function isWrittenOnce({ rewrite }: Pick<SinkTraits, 'rewrite'>): boolean {
  return rewrite === 'unknown' || rewrite === 'both'
}
