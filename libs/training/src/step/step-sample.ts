import type { TeacherPosition } from '@claas/contracts';
import { EmptyResponseError, LengthMismatchError } from '@claas/core-sdpo';

/** One response with its two contexts, as token ids. L response positions. */
export interface StepSample {
  /** The student's and the base's context. */
  readonly promptTokenIds: readonly number[];
  /** The teacher's, with the feedback in it. */
  readonly teacherTokenIds: readonly number[];
  /** (L): the same after both contexts. */
  readonly responseTokenIds: readonly number[];
  /** (L): 1 where a position counts; null: all do. */
  readonly mask: readonly number[] | null;
  /** (L): log-probs at sampling time; null sets every importance ratio to 1. */
  readonly oldLogprobs: readonly number[] | null;
  /** (L): what another model says of the response; without it the base model reads the teacher's context. */
  readonly teacherScores?: readonly TeacherPosition[];
}

/** The positions that count. @throws EmptyResponseError, LengthMismatchError */
export function unmaskedPositions(
  { responseTokenIds, mask, oldLogprobs, teacherScores }: StepSample,
  index: number,
): number[] {
  const L = responseTokenIds.length;
  for (const [name, list] of Object.entries({ mask, oldLogprobs, teacherScores: teacherScores ?? null })) {
    if (list !== null && list.length !== L) throw new LengthMismatchError(`${name} of sample ${index}`, list.length, L);
  }
  const positions = [...responseTokenIds.keys()].filter((position) => mask === null || mask[position] !== 0);
  if (positions.length === 0) throw new EmptyResponseError(index);
  return positions;
}
