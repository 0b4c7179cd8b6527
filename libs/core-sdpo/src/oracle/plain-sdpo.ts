import type { SdpoSettings } from '../loss/sdpo-settings.js';

/** One position's logits and what was sampled there. */
export interface PlainRow {
  readonly student: readonly number[];
  readonly teacher: readonly number[];
  readonly base: readonly number[];
  readonly tokenId: number;
  readonly old: number | null;
}

/** What has no gradient, held fixed while the student's logits are varied. */
export interface PlainFixed {
  readonly ratio: number;
  readonly support: readonly number[] | null;
}

/*
 * The loss of one position by its definition, in float64 and one number at a time: the oracle of the tensor version.
 * Probabilities are mixed and compared as they are written on paper; only log-probs are stabilised.
 */

export function plainLogSoftmax(logits: readonly number[], temperature: number): number[] {
  const scaled = logits.map((logit) => logit / temperature);
  const largest = Math.max(...scaled);
  const logSum = largest + Math.log(scaled.reduce((sum, x) => sum + Math.exp(x - largest), 0));
  return scaled.map((x) => x - logSum);
}

export function plainFixed(row: PlainRow, settings: SdpoSettings): PlainFixed {
  const S = plainLogSoftmax(row.student, settings.temperature);
  const T = plainLogSoftmax(row.teacher, settings.temperature);
  const difference = row.old === null ? 0 : S[row.tokenId]! - row.old;
  const ratio = Math.min(Math.exp(Math.min(20, Math.max(-20, difference))), settings.isClip);
  if (settings.support.kind === 'full') return { ratio: row.old === null ? 1 : ratio, support: null };
  const by = settings.support.kind === 'student_topk' ? S : T;
  const support = by.map((_, id) => id).sort((a, b) => by[b]! - by[a]!);
  return { ratio: row.old === null ? 1 : ratio, support: support.slice(0, settings.support.k) };
}

export function plainDivergence(row: PlainRow, settings: SdpoSettings, support: readonly number[] | null): number {
  const S = buckets(plainLogSoftmax(row.student, settings.temperature), support);
  const T = buckets(plainLogSoftmax(row.teacher, settings.temperature), support);
  if (settings.alpha === 0) return plainKl(T, S);
  if (settings.alpha === 1) return plainKl(S, T);
  const M = S.map((s, i) => Math.log((1 - settings.alpha) * Math.exp(s) + settings.alpha * Math.exp(T[i]!)));
  return (1 - settings.alpha) * plainKl(S, M) + settings.alpha * plainKl(T, M);
}

/** KL(P‖Q) from log-probs. */
export function plainKl(logP: readonly number[], logQ: readonly number[]): number {
  return logP.reduce((sum, p, i) => (p < -700 ? sum : sum + Math.exp(p) * (p - logQ[i]!)), 0);
}

/** ratio·divergence + klRegWeight·KL(S‖B) */
export function plainRowLoss(row: PlainRow, settings: SdpoSettings, fixed: PlainFixed): number {
  const S = plainLogSoftmax(row.student, settings.temperature);
  const B = plainLogSoftmax(row.base, settings.temperature);
  return fixed.ratio * plainDivergence(row, settings, fixed.support) + settings.klRegWeight * plainKl(S, B);
}

/** Central differences of `plainRowLoss` with respect to the student's logits. */
export function plainGradient(row: PlainRow, settings: SdpoSettings): number[] {
  const fixed = plainFixed(row, settings);
  const h = 1e-5;
  return row.student.map((_, j) => {
    const at = (step: number): number => {
      const student = row.student.map((logit, i) => (i === j ? logit + step : logit));
      return plainRowLoss({ ...row, student }, settings, fixed);
    };
    return (at(h) - at(-h)) / (2 * h);
  });
}

function buckets(logProbabilities: readonly number[], support: readonly number[] | null): number[] {
  if (support === null) return [...logProbabilities];
  const kept = support.map((id) => logProbabilities[id]!);
  const logMass = Math.log(kept.reduce((sum, one) => sum + Math.exp(one), 0));
  return [...kept, Math.log(-Math.expm1(Math.min(logMass, -1e-7)))];
}
