import type { Support } from './bucket-divergence.js';

/**
 * log-softmax of logits / temperature from their log-softmax; for a whole vocabulary only, any other stays as it is. At
 * temperature 1 too it takes away what float32 has rounded off the service's normalizer, which all log-probs of a row share.
 */
export function tempered({ logprobs, isWhole }: Support, temperature: number): Support {
  if (!isWhole) return { logprobs, isWhole };
  const scaled = logprobs.map((logprob) => logprob / temperature);
  const top = scaled.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
  const normalizer = top + Math.log(scaled.reduce((sum, one) => sum + Math.exp(one - top), 0));
  return { logprobs: scaled.map((one) => one - normalizer), isWhole };
}

/**
 * From ∂C/∂(log S at the temperature) to ∂C/∂(log S at temperature 1), through log S_τ = log S / τ − logsumexp. With a whole
 * support it is centred so that its sum is zero, which changes no logit's gradient: what is sent is then as small as the
 * signal, and float32 keeps its digits.
 */
export function untemperedGradient(dLogStudent: Float64Array, student: Support, temperature: number): Float64Array {
  if (!student.isWhole) return dLogStudent;
  const total = dLogStudent.reduce((sum, one) => sum + one, 0);
  return dLogStudent.map((one, k) => (one - Math.exp(student.logprobs[k]!) * total) / temperature);
}
