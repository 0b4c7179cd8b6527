/** What the tail bucket has at least: the minimum of the support's log-mass and −1e-7, seen from the other side. */
const SMALLEST_TAIL_MASS = -Math.expm1(-1e-7);

/** One side's log-probs of the k support tokens, over the full vocabulary, and the mass of all other tokens. */
export interface Buckets {
  /** (k) */
  readonly logProbabilities: Float32Array;
  readonly tailMass: number;
}

/** One row's divergence over support tokens and tail. */
export interface BucketDivergence {
  readonly divergence: number;
  /** ∂D/∂(log S) of each support token, the tail's share included. */
  readonly dLogStudent: Float64Array;
}

/**
 * D over k support tokens and one bucket for the rest, in float64, since k is small; both sides have the same tokens; `alpha` as in `DivergenceSettings`.
 *
 * The bucket is log(−expm1(min(m, −1e-7))) with m the log-mass of the support. As a difference of nearly equal numbers it would lose its digits in
 * float32, so the caller adds up the other tokens instead, which is the same. It depends on the student's support log-probs:
 * ∂log(tail)/∂(log Sᵢ) = −Sᵢ / tail, and 0 where the minimum cuts.
 */
export function bucketDivergence(student: Buckets, teacher: Buckets, alpha: number): BucketDivergence {
  const tail = bucketTerm(tailLogMass(student), tailLogMass(teacher), alpha);
  const isTailCut = student.tailMass < SMALLEST_TAIL_MASS;
  const tailSlope = isTailCut ? 0 : tail.dLogStudent / student.tailMass;

  let divergence = tail.value;
  const dLogStudent = new Float64Array(student.logProbabilities.length);
  student.logProbabilities.forEach((logStudent, i) => {
    const term = bucketTerm(logStudent, teacher.logProbabilities[i]!, alpha);
    divergence += term.value;
    dLogStudent[i] = term.dLogStudent - tailSlope * Math.exp(logStudent);
  });
  return { divergence, dLogStudent };
}

/** One bucket's part of D and its derivative with respect to log S. */
function bucketTerm(
  logStudent: number,
  logTeacher: number,
  alpha: number,
): { readonly value: number; readonly dLogStudent: number } {
  const S = Math.exp(logStudent);
  const T = Math.exp(logTeacher);
  const z = logTeacher - logStudent;
  if (alpha === 0) return { value: T * z, dLogStudent: -T };
  if (alpha === 1) return { value: -S * z, dLogStudent: S * (1 - z) };
  const logStudentOverMixture = -logOfMixtureOverStudent(z, alpha);
  return {
    value: (1 - alpha) * S * logStudentOverMixture + alpha * T * (z + logStudentOverMixture),
    dLogStudent: (1 - alpha) * S * logStudentOverMixture,
  };
}

/** log((1−α) + α·eᶻ) */
function logOfMixtureOverStudent(z: number, alpha: number): number {
  return z > 0 ? z + Math.log((1 - alpha) * Math.exp(-z) + alpha) : Math.log(1 - alpha + alpha * Math.exp(z));
}

function tailLogMass({ tailMass }: Buckets): number {
  // Math.max, unlike a comparison, lets NaN through.
  return Math.log(Math.max(tailMass, SMALLEST_TAIL_MASS));
}
