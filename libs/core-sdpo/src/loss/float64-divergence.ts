import type { Float64Distribution } from './float64-distribution.js';

/** A divergence D of one row and its gradient with respect to the student's logits after the temperature. */
export interface Float64Divergence {
  readonly divergence: number;
  /** (V) */
  readonly gradient: Float64Array;
}

/**
 * `fullDivergence` of one row, in float64: D over the whole vocabulary in the closed form of its α, exactly 0 with a gradient of exactly 0
 * where both sides are the same.
 */
export function float64Divergence(
  student: Float64Distribution,
  teacher: Float64Distribution,
  alpha: number,
): Float64Divergence {
  return alpha === 0 ? forwardKl(student, teacher) : studentWeighted(student, teacher, alpha);
}

/** KL(T‖S) = Σ T·log(T/S); gradient S − T */
function forwardKl(student: Float64Distribution, teacher: Float64Distribution): Float64Divergence {
  const V = student.probabilities.length;
  const gradient = new Float64Array(V);
  let divergence = 0;
  for (let v = 0; v < V; v++) {
    const T = teacher.probabilities[v]!;
    divergence += T * (teacher.logProbabilities[v]! - student.logProbabilities[v]!);
    gradient[v] = student.probabilities[v]! - T;
  }
  return { divergence, gradient };
}

/**
 * With Q = M = (1−α)S + αT, or Q = T for α = 1, and w = 1 − α or 1: D = w·KL(S‖Q) + (1−w)·KL(T‖Q);
 * gradient w·S ⊙ (log(S/Q) − KL(S‖Q)).
 */
function studentWeighted(student: Float64Distribution, teacher: Float64Distribution, alpha: number): Float64Divergence {
  const V = student.probabilities.length;
  const weight = alpha === 1 ? 1 : 1 - alpha;
  /** log(S/Q) until both sums are known. */
  const gradient = new Float64Array(V);
  let [studentKl, teacherKl] = [0, 0];
  for (let v = 0; v < V; v++) {
    const z = teacher.logProbabilities[v]! - student.logProbabilities[v]!;
    const logRatio = alpha === 1 ? -z : -logOfMixtureOverStudent(z, alpha);
    studentKl += student.probabilities[v]! * logRatio;
    if (alpha !== 1) teacherKl += teacher.probabilities[v]! * (z + logRatio);
    gradient[v] = logRatio;
  }
  for (let v = 0; v < V; v++) gradient[v] = weight * student.probabilities[v]! * (gradient[v]! - studentKl);
  return { divergence: weight * studentKl + (1 - weight) * teacherKl, gradient };
}

/** log(M/S) = log((1−α) + α·eᶻ) with z = log(T/S), without overflow, and exactly 0 at z = 0 */
function logOfMixtureOverStudent(z: number, alpha: number): number {
  return z > 0 ? z + Math.log1p((1 - alpha) * Math.expm1(-z)) : Math.log1p(alpha * Math.expm1(z));
}
