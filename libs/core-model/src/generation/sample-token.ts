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
  const normalizer = logSumExp(logits, 1);
  if (!Number.isFinite(normalizer)) {
    throw new Error("The model's logits are not finite: its weights or those of the adapter are damaged.");
  }
  const { temperature } = settings;
  const isGreedy = temperature === 0;
  const tokenId = isGreedy ? argmax(logits) : draw(logits, settings, random);
  const logprob = logits[tokenId]! - normalizer;
  const samplingLogprob =
    isGreedy || temperature === 1 ? logprob : logits[tokenId]! / temperature - logSumExp(logits, temperature);
  return {
    tokenId,
    logprob,
    samplingLogprob,
    alternatives: largest(logits, alternatives).map((id) => ({ tokenId: id, logprob: logits[id]! - normalizer })),
  };
}

function draw(logits: Float32Array, { temperature, topP, topK }: SamplingDistribution, random: () => number): number {
  const top = logits[argmax(logits)]!;
  const weight = (id: number) => Math.exp((logits[id]! - top) / temperature);
  const kept = topK > 0 && topK < logits.length ? largest(logits, topK) : null;
  const candidates = topP < 1 ? nucleus(logits, kept, weight, topP) : (kept ?? allIds(logits));

  let total = 0;
  for (const id of candidates) total += weight(id);
  let remaining = random() * total;
  for (const id of candidates) {
    remaining -= weight(id);
    if (remaining < 0) return id;
  }
  // Rounding can leave a crumb over: it belongs to the last candidate of any weight.
  return candidates.findLast((id) => weight(id) > 0)!;
}

/** The fewest most probable tokens that have at least `topP` of the weight together, best first. */
function nucleus(
  logits: Float32Array,
  kept: readonly number[] | null,
  weight: (id: number) => number,
  topP: number,
): number[] {
  const ids = kept ?? allIds(logits);
  let total = 0;
  for (const id of ids) total += weight(id);
  // Tokens below this weight have less than 1 − topP together, so none of them is needed; few are left to sort.
  const negligible = ((1 - topP) * total) / ids.length;
  const sorted = kept ?? ids.filter((id) => weight(id) >= negligible).sort((a, b) => logits[b]! - logits[a]! || a - b);
  let sum = 0;
  const count = sorted.findIndex((id) => (sum += weight(id)) >= topP * total) + 1;
  return count === 0 ? [...sorted] : sorted.slice(0, count);
}

function allIds(logits: Float32Array): number[] {
  return Array.from({ length: logits.length }, (_, id) => id);
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

/** log Σ exp(logits / temperature) */
function logSumExp(logits: Float32Array, temperature: number): number {
  const top = logits[argmax(logits)]! / temperature;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit / temperature - top);
  return top + Math.log(sum);
}
