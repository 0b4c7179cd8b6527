/**
 * What the tail bucket has at least: how exactly log-probs in float32 tell 1 − Σ exp(log S). A ratio of two smaller tails would
 * be noise. (core-sdpo sums the tail up itself, and has 1e-7.)
 */
const SMALLEST_TAIL_MASS = 1e-6;

/** A distribution as a service shows it: log-probs of the K support tokens. All other tokens are one bucket, the tail. */
export interface Support {
  /** (K), over the whole vocabulary */
  readonly logprobs: Float64Array;
  /** Is the support the whole vocabulary? Then there is no tail. */
  readonly isWhole: boolean;
}

export interface BucketDivergence {
  readonly value: number;
  /** (K): ∂D/∂(log S) of each support token, what the tail depends on it included. */
  readonly dLogStudent: Float64Array;
}

/**
 * D over K support tokens and the tail, and its derivative; `alpha` 0: KL(T‖S), 1: KL(S‖T), between them a generalised
 * Jensen-Shannon divergence. docs/tinker.md derives it.
 */
export function bucketDivergence(student: Support, teacher: Support, alpha: number): BucketDivergence {
  const K = student.logprobs.length;
  const dLogStudent = new Float64Array(K);
  let value = 0;
  for (let k = 0; k < K; k++) {
    const term = bucketTerm(student.logprobs[k]!, teacher.logprobs[k]!, alpha);
    value += term.value;
    dLogStudent[k] = term.dLogStudent;
  }
  if (student.isWhole) return { value, dLogStudent };

  const mass = tailMass(student);
  const tail = bucketTerm(tailLogMass(mass), tailLogMass(tailMass(teacher)), alpha);
  value += tail.value;
  // log(tail) = log(1 − Σ S_k), so ∂log(tail)/∂(log S_k) = −S_k / tail.
  const slope = mass < SMALLEST_TAIL_MASS ? 0 : tail.dLogStudent / mass;
  for (let k = 0; k < K; k++) dLogStudent[k]! -= slope * Math.exp(student.logprobs[k]!);
  return { value, dLogStudent };
}

/** One bucket's part of D and its derivative with respect to log S. */
function bucketTerm(
  logS: number,
  logT: number,
  alpha: number,
): { readonly value: number; readonly dLogStudent: number } {
  const [S, T, z] = [Math.exp(logS), Math.exp(logT), logT - logS];
  if (alpha === 0) return { value: T * z, dLogStudent: -T };
  if (alpha === 1) return { value: -S * z, dLogStudent: S * (1 - z) };
  // M = (1 − alpha)·S + alpha·T; log S/M without overflow at either end.
  const logSOverM = -(z > 0
    ? z + Math.log((1 - alpha) * Math.exp(-z) + alpha)
    : Math.log(1 - alpha + alpha * Math.exp(z)));
  return {
    value: (1 - alpha) * S * logSOverM + alpha * T * (z + logSOverM),
    dLogStudent: (1 - alpha) * S * logSOverM,
  };
}

function tailMass({ logprobs }: Support): number {
  return 1 - logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0);
}

/** Rounding may leave less than nothing. */
function tailLogMass(mass: number): number {
  return Math.log(Math.max(mass, SMALLEST_TAIL_MASS));
}
