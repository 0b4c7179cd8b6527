import { ClaasError } from '@claas/contracts';
import { bucketDivergence } from './bucket-divergence.js';
import type { Support } from './bucket-divergence.js';
import { tempered, untemperedGradient } from './temperature.js';

/** What a model says at one response position, at temperature 1. */
export interface PositionLogprobs {
  /** At the support's ids. */
  readonly support: Support;
  /** Of the token that was sampled. */
  readonly token: number;
}

export interface SdpoInput {
  /** T response positions. */
  readonly student: readonly PositionLogprobs[];
  readonly teacher: readonly PositionLogprobs[];
  /** On the student's context; null leaves the KL to the base out. */
  readonly base: readonly PositionLogprobs[] | null;
  /** Of the sampled tokens at sampling time; null sets every ratio to 1. */
  readonly rolloutLogprobs: readonly number[] | null;
}

export interface SdpoLossSettings {
  readonly alpha: number;
  readonly isClip: number;
  readonly klRegWeight: number;
  /** Other than 1 only where the support is the whole vocabulary. */
  readonly temperature: number;
}

/** Means over the T positions, and what each of them says. */
export interface SdpoEvaluation {
  readonly loss: number;
  /** Weighed by the ratio. */
  readonly distillLoss: number;
  /** Not weighed. */
  readonly divergence: number;
  readonly kl: number | null;
  readonly meanRatio: number;
  readonly clipFraction: number;
  /** (T), at the temperature */
  readonly studentLogprobs: readonly number[];
  readonly teacherLogprobs: readonly number[];
  /** (T), at temperature 1 */
  readonly unscaledLogprobs: readonly number[];
  /** (T) rows of K: what goes into a weighted cross-entropy, −∂loss/∂(log S) at temperature 1 */
  readonly weights: readonly Float64Array[];
}

/** exp(20) is beyond any sensible cut and far from overflow. */
const LARGEST_LOG_RATIO = 20;

/**
 * The SDPO loss from log-probs alone, and the weights under which a cross-entropy has its gradient.
 * @throws ClaasError `step_not_finite`
 */
export function evaluateSdpo(input: SdpoInput, settings: SdpoLossSettings): SdpoEvaluation {
  const rows = input.student.map((_, t) => evaluatePosition(input, t, settings));
  const T = rows.length;
  const mean = (pick: (row: PositionEvaluation) => number): number => rows.reduce((sum, row) => sum + pick(row), 0) / T;
  const kl = input.base === null ? null : mean((row) => row.kl);
  const distillLoss = mean((row) => row.ratio * row.divergence);
  const evaluation = {
    loss: distillLoss + settings.klRegWeight * (kl ?? 0),
    distillLoss,
    divergence: mean((row) => row.divergence),
    kl,
    meanRatio: mean((row) => row.ratio),
    clipFraction: mean((row) => (row.isClipped ? 1 : 0)),
    studentLogprobs: rows.map((row) => row.studentLogprob),
    teacherLogprobs: rows.map((row) => row.teacherLogprob),
    unscaledLogprobs: input.student.map(({ token }) => token),
    weights: rows.map(({ dLoss }) => dLoss.map((d) => -d / T)),
  };
  assertFinite('loss', [evaluation.loss]);
  assertFinite('log-prob of a response token', [...evaluation.studentLogprobs, ...evaluation.teacherLogprobs]);
  for (const weights of evaluation.weights) assertFinite('gradient of the loss', weights);
  return evaluation;
}

interface PositionEvaluation {
  readonly divergence: number;
  readonly kl: number;
  readonly ratio: number;
  readonly isClipped: boolean;
  readonly studentLogprob: number;
  readonly teacherLogprob: number;
  readonly dLoss: Float64Array;
}

function evaluatePosition(input: SdpoInput, t: number, settings: SdpoLossSettings): PositionEvaluation {
  const { alpha, isClip, klRegWeight, temperature } = settings;
  const [student, teacher, base] = [input.student[t]!, input.teacher[t]!, input.base?.[t] ?? null];
  const S = tempered(student.support, temperature);
  const D = bucketDivergence(S, tempered(teacher.support, temperature), alpha);
  const KL = base === null ? null : bucketDivergence(S, tempered(base.support, temperature), 1);
  const studentLogprob = tokenLogprob(student, temperature);
  const old = input.rolloutLogprobs?.[t] ?? studentLogprob;
  const unclipped = Math.exp(Math.min(Math.max(studentLogprob - old, -LARGEST_LOG_RATIO), LARGEST_LOG_RATIO));
  const ratio = Math.min(unclipped, isClip);
  const dLogS = D.dLogStudent.map((d, k) => ratio * d + klRegWeight * (KL?.dLogStudent[k] ?? 0));
  return {
    divergence: D.value,
    kl: KL?.value ?? 0,
    ratio,
    isClipped: input.rolloutLogprobs !== null && unclipped >= isClip,
    studentLogprob,
    teacherLogprob: tokenLogprob(teacher, temperature),
    dLoss: untemperedGradient(dLogS, S, temperature),
  };
}

/** log p(y) at the temperature: with a whole support, the normalizer is known. */
function tokenLogprob({ support, token }: PositionLogprobs, temperature: number): number {
  if (!support.isWhole) return token;
  const first = support.logprobs[0]!;
  return tempered(support, temperature).logprobs[0]! + (token - first) / temperature;
}

function assertFinite(quantity: string, values: Iterable<number>): void {
  for (const value of values) {
    if (Number.isFinite(value)) continue;
    throw new ClaasError(
      'step_not_finite',
      `The step was refused, because a number in it is not finite: ${quantity}. Nothing was saved; try a smaller learning_rate, or roll the adapter back.`,
      { quantity },
    );
  }
}
