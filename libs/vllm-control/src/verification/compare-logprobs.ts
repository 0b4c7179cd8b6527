import type { ExpectedLogprobs, Verification } from '@claas/contracts';
import type { VerificationTolerance } from './tolerance.js';

/** From this mean difference on between two versions at the trainer, the server's must differ as well. */
const DISTINGUISHABLE_NATS = 0.01;
/** Of the trainer's mean difference, what rounding may hide at the server. */
const VISIBLE_SHARE = 0.1;

/** Absolute differences of two lists; infinite when they differ in length or hold anything that is no number. */
function differences(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length !== b.length) return [Infinity];
  return a.map((value, index) => {
    const difference = Math.abs(value - (b[index] ?? NaN));
    return Number.isNaN(difference) ? Infinity : difference;
  });
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Whether the server answers with the version that the trainer scored. Two things must hold: its log-probs are the
 * trainer's within the tolerance; and where the trainer told this version from the one before it, the server does too.
 * The second finds an old adapter that goes on answering after a step smaller than the tolerance.
 *
 * @param previous the server's log-probs under the version before, null when it is gone
 */
export function compareLogprobs(
  server: readonly number[],
  previous: readonly number[] | null,
  expected: Pick<ExpectedLogprobs, 'logprobs' | 'parentLogprobs'>,
  tolerance: VerificationTolerance,
): Verification {
  const toTrainer = differences(server, expected.logprobs);
  const [maxDifference, meanDifference] = [Math.max(0, ...toTrainer), mean(toTrainer)];
  const previousDifference = previous === null ? null : mean(differences(server, previous));
  const { parentLogprobs } = expected;
  const expectedDifference = parentLogprobs == null ? null : mean(differences(expected.logprobs, parentLogprobs));
  const isStale =
    previousDifference !== null &&
    expectedDifference !== null &&
    expectedDifference >= DISTINGUISHABLE_NATS &&
    previousDifference < VISIBLE_SHARE * expectedDifference;
  const isNear = maxDifference <= tolerance.maxNats && meanDifference <= tolerance.meanNats;
  return {
    verified: isNear && !isStale,
    maxDifference,
    tolerance: tolerance.maxNats,
    meanDifference,
    meanTolerance: tolerance.meanNats,
    previousDifference,
    expectedDifference,
  };
}
