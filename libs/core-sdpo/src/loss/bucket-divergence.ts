/** The log-mass that support tokens may have together; what is left for the tail bucket is then at least 1e-7. */
const LARGEST_SUPPORT_LOG_MASS = -1e-7;

/** One row's divergence over support tokens and tail. */
export interface BucketDivergence {
  readonly divergence: number;
  /** ∂D/∂(log S) of each support token, the tail's share included. */
  readonly dLogStudent: Float64Array;
}

/**
 * D over k support tokens and one bucket for the rest, in float64: k is small, and the tail is a difference of nearly equal numbers.
 * `logStudent`, `logTeacher` — (k), full-vocabulary log-probs of the same k tokens; `alpha` as in `DivergenceSettings`.
 *
 * The tail, log(−expm1(min(m, −1e-7))) with m the support's log-mass, depends on the student's support log-probs:
 * ∂tail/∂(log Sᵢ) = −Sᵢ / (1 − eᵐ), and 0 where the minimum cuts.
 */
export function bucketDivergence(logStudent: Float32Array, logTeacher: Float32Array, alpha: number): BucketDivergence {
  const k = logStudent.length;
  const studentLogMass = logSumExp(logStudent);
  const studentTail = tailLogMass(studentLogMass);
  const tail = bucketTerm(studentTail, tailLogMass(logSumExp(logTeacher)), alpha);
  const isTailCut = studentLogMass > LARGEST_SUPPORT_LOG_MASS;
  const tailSlope = isTailCut ? 0 : tail.dLogStudent / Math.exp(studentTail);

  let divergence = tail.value;
  const dLogStudent = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    const term = bucketTerm(logStudent[i]!, logTeacher[i]!, alpha);
    divergence += term.value;
    dLogStudent[i] = term.dLogStudent - tailSlope * Math.exp(logStudent[i]!);
  }
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

function tailLogMass(supportLogMass: number): number {
  return Math.log(-Math.expm1(Math.min(supportLogMass, LARGEST_SUPPORT_LOG_MASS)));
}

function logSumExp(values: Float32Array): number {
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}
