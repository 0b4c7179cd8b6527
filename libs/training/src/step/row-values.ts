import type { SdpoRowValues } from '@claas/core-sdpo';

/** Row values of consecutive chunks as those of one. */
export function joinRowValues(chunks: readonly SdpoRowValues[]): SdpoRowValues {
  return {
    divergence: joinFloats(chunks.map((rows) => rows.divergence)),
    ratio: joinFloats(chunks.map((rows) => rows.ratio)),
    isClipped: Uint8Array.from(chunks.flatMap((rows) => [...rows.isClipped])),
    kl: joinPresent(chunks.map((rows) => rows.kl)),
    k3: joinPresent(chunks.map((rows) => rows.k3)),
    studentLogprobs: joinFloats(chunks.map((rows) => rows.studentLogprobs)),
    teacherLogprobs: joinFloats(chunks.map((rows) => rows.teacherLogprobs)),
    baseLogprobs: joinPresent(chunks.map((rows) => rows.baseLogprobs)),
    supportIds: joinSupport(chunks.map((rows) => rows.supportIds)),
  };
}

function joinFloats(lists: readonly Float32Array[]): Float32Array {
  return Float32Array.from(lists.flatMap((list) => [...list]));
}

/** Null where the quantity is absent, which it then is in every chunk. */
function joinPresent(lists: readonly (Float32Array | null)[]): Float32Array | null {
  const present = lists.filter((list) => list !== null);
  return present.length === lists.length ? joinFloats(present) : null;
}

function joinSupport(lists: readonly (Int32Array | null)[]): Int32Array | null {
  const present = lists.filter((list) => list !== null);
  return present.length === lists.length ? Int32Array.from(present.flatMap((list) => [...list])) : null;
}
