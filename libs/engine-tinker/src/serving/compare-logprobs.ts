import type { ExpectedLogprobs, Verification } from '@claas/contracts';

/** How far a sampler's log-probs may be from the trainer's for the same weights, in nats. */
export interface VerificationTolerance {
  readonly maxNats: number;
  readonly meanNats: number;
}

/** Sampler and trainer are different programs that compute in bfloat16. */
export const SERVICE_TOLERANCE: VerificationTolerance = { maxNats: 1, meanNats: 0.1 };

/**
 * The sampler answers with the version when it is close to what the trainer says of it, and not closer to the version before.
 * The second question is asked where the trainer tells the two apart by more than the sampler is off.
 */
export function compareLogprobs(
  served: readonly number[],
  expected: ExpectedLogprobs,
  tolerance: VerificationTolerance,
): Verification {
  const maxDifference = Math.max(...served.map((logprob, t) => Math.abs(logprob - expected.logprobs[t]!)));
  const meanDifference = meanDistance(served, expected.logprobs);
  const parent = expected.parentLogprobs ?? null;
  const previousDifference = parent === null ? null : meanDistance(served, parent);
  const expectedDifference = parent === null ? null : meanDistance(expected.logprobs, parent);
  const isClose = maxDifference <= tolerance.maxNats && meanDifference <= tolerance.meanNats;
  const isPrevious =
    previousDifference !== null &&
    expectedDifference !== null &&
    expectedDifference > tolerance.meanNats / 2 &&
    previousDifference < meanDifference;
  return {
    verified: isClose && !isPrevious,
    maxDifference,
    tolerance: tolerance.maxNats,
    meanDifference,
    meanTolerance: tolerance.meanNats,
    expectedDifference,
  };
}

function meanDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, t) => sum + Math.abs(value - b[t]!), 0) / a.length;
}
