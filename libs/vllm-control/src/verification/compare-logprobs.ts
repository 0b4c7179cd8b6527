import type { ExpectedLogprobs, Verification } from '@claas/contracts';
import type { VerificationTolerance } from './tolerance.js';

/** From this mean difference on between two versions at the trainer, the server can't give the very same numbers for both. */
const NEVER_IDENTICAL_NATS = 0.005;
/** Cosine between what a step changed at the server and at the trainer; unrelated changes have about 0. */
const SAME_DIRECTION = 0.5;

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

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0);
  const norms = Math.sqrt(dot(a, a) * dot(b, b));
  return norms === 0 ? 0 : dot(a, b) / norms;
}

/** Does the server's change between two versions contradict the trainer's? */
function isOtherChange(
  server: readonly number[],
  previous: readonly number[],
  trainer: readonly number[],
  parent: readonly number[],
  { distinguishableNats }: VerificationTolerance,
): boolean {
  const expected = mean(differences(trainer, parent));
  if (expected >= distinguishableNats) {
    const change = (a: readonly number[], b: readonly number[]): number[] => a.map((value, t) => value - (b[t] ?? NaN));
    return !(cosine(change(server, previous), change(trainer, parent)) >= SAME_DIRECTION);
  }
  return expected >= NEVER_IDENTICAL_NATS && mean(differences(server, previous)) === 0;
}

/**
 * Whether the server answers with the version that the trainer scored. Two things must hold: its log-probs are the
 * trainer's within the tolerance; and where the trainer told this version from the one before it, the server does too,
 * in the same direction. The second finds an old adapter that goes on answering after a step smaller than the tolerance.
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
  const isNear = maxDifference <= tolerance.maxNats && meanDifference <= tolerance.meanNats;
  const { logprobs, parentLogprobs = null } = expected;
  const isOther =
    previous !== null &&
    parentLogprobs !== null &&
    isOtherChange(server, previous, logprobs, parentLogprobs, tolerance);
  return {
    verified: isNear && !isOther,
    maxDifference,
    tolerance: tolerance.maxNats,
    meanDifference,
    meanTolerance: tolerance.meanNats,
    previousDifference: previous === null ? null : mean(differences(server, previous)),
    expectedDifference: parentLogprobs === null ? null : mean(differences(logprobs, parentLogprobs)),
  };
}
