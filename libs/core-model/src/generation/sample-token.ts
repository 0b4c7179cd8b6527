export interface SamplingDistribution {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Share of probability that is kept, above 0; 1 is off. Applied after `topK`, as vLLM does. */
  readonly topP: number;
  /** 0 is off. */
  readonly topK: number;
}

export interface TokenLogprob {
  readonly tokenId: number;
  /** At temperature 1. */
  readonly logprob: number;
}

/** One sampled token. */
export interface SampledToken extends TokenLogprob {
  /** At the sampling temperature (1 when greedy) over the whole vocabulary, before top-p and top-k. */
  readonly samplingLogprob: number;
  /** The most probable tokens, best first. */
  readonly alternatives: readonly TokenLogprob[];
}

/**
 * Draws one token from logits.
 * @param logits (V)
 * @param random uniform in [0, 1); not asked when greedy
 * @throws Error when a logit is not a number
 */
export function sampleToken(
  logits: Float32Array,
  settings: SamplingDistribution,
  alternatives: number,
  random: () => number,
): SampledToken {
  const likeliest = argmax(logits);
  const top = logits[likeliest]!;
  const normalizer = top + Math.log(totalWeight(logits, top));
  if (!Number.isFinite(normalizer)) {
    throw new Error("The model's logits are not finite: its weights or those of the adapter are damaged.");
  }
  const logprobOf = (id: number): TokenLogprob => ({ tokenId: id, logprob: logits[id]! - normalizer });
  const found = largest(logits, alternatives).map(logprobOf);
  const { temperature } = settings;
  if (temperature === 0) {
    const token = logprobOf(likeliest);
    return { ...token, samplingLogprob: token.logprob, alternatives: found };
  }
  const weights = weightsAt(logits, top, temperature);
  const token = logprobOf(draw(logits, weights, settings, random));
  const samplingLogprob =
    temperature === 1 ? token.logprob : (logits[token.tokenId]! - top) / temperature - Math.log(sum(weights));
  return { ...token, samplingLogprob, alternatives: found };
}

/** Σ exp(logits − top) */
function totalWeight(logits: Float32Array, top: number): number {
  let total = 0;
  for (let id = 0; id < logits.length; id++) total += Math.exp(logits[id]! - top);
  return total;
}

/** Probabilities at a temperature, the likeliest token's scaled to 1 — (V) */
function weightsAt(logits: Float32Array, top: number, temperature: number): Float64Array {
  const weights = new Float64Array(logits.length);
  for (let id = 0; id < logits.length; id++) weights[id] = Math.exp((logits[id]! - top) / temperature);
  return weights;
}

function draw(
  logits: Float32Array,
  weights: Float64Array,
  { topP, topK }: SamplingDistribution,
  random: () => number,
): number {
  const kept = topK > 0 && topK < logits.length ? largest(logits, topK) : null;
  const candidates = topP < 1 ? nucleus(logits, kept, weights, topP) : kept;
  if (candidates === null) return drawn(weights, random);
  return candidates[
    drawn(
      Float64Array.from(candidates, (id) => weights[id]!),
      random,
    )
  ]!;
}

/** An index, each as likely as its weight says. */
function drawn(weights: Float64Array, random: () => number): number {
  let remaining = random() * sum(weights);
  for (let i = 0; i < weights.length; i++) {
    remaining -= weights[i]!;
    if (remaining < 0) return i;
  }
  // Rounding can leave a crumb over: it belongs to the last one of any weight.
  return weights.findLastIndex((weight) => weight > 0);
}

/** The fewest most probable tokens that have at least `topP` of the weight together, best first. */
function nucleus(
  logits: Float32Array,
  kept: readonly number[] | null,
  weights: Float64Array,
  topP: number,
): readonly number[] {
  const total = kept === null ? sum(weights) : kept.reduce((all, id) => all + weights[id]!, 0);
  const sorted = kept ?? largestWeights(logits, weights, ((1 - topP) * total) / weights.length);
  let reached = 0;
  const count = sorted.findIndex((id) => (reached += weights[id]!) >= topP * total) + 1;
  return count === 0 ? sorted : sorted.slice(0, count);
}

/** Ids of a weight of `least` or more, best first: those below have less together than the nucleus leaves out, and few are left to sort. */
function largestWeights(logits: Float32Array, weights: Float64Array, least: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < weights.length; id++) if (weights[id]! >= least) ids.push(id);
  return ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
}

/** Ids of the `count` largest logits, best first; of equal ones the lower id first. */
function largest(logits: Float32Array, count: number): number[] {
  if (count === 0) return [];
  const best: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (best.length === count && logits[id]! <= logits[best[count - 1]!]!) continue;
    let place = best.length === count ? count - 1 : best.length;
    while (place > 0 && logits[best[place - 1]!]! < logits[id]!) {
      best[place] = best[place - 1]!;
      place--;
    }
    best[place] = id;
  }
  return best;
}

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
