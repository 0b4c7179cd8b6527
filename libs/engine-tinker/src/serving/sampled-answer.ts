import { ClaasError } from '@claas/contracts';
import type { GeneratedToken, GenerationOptions, GenerationSummary, SamplingSettings } from '@claas/contracts';
import { resolveSampling, StopStringFilter } from '@claas/core-model/without-tensors';
import { TokenTextStream } from '@claas/core-model/without-tensors';
import type { TinkerConnection } from '../tinker-connection.js';
import type { TopTokens } from '../wire/sample-result.js';

/** What a sampler said, before it becomes text. */
interface Sampled {
  readonly tokenIds: readonly number[];
  /** At temperature 1. */
  readonly logprobs: readonly number[];
  readonly alternatives: readonly TopTokens[];
  readonly finishReason: 'stop' | 'length';
}

/**
 * Answers with the service's sampler. It gives an answer as a whole, so that tokens are told of one after the other once all
 * are there. Stop strings are looked for here: the service is given the tokens that end an answer.
 * @param path of the sampler's checkpoint; null: the base model
 */
export async function sampledAnswer(
  connection: TinkerConnection,
  { path, version }: { readonly path: string | null; readonly version: number | null },
  promptTokenIds: readonly number[],
  settings: SamplingSettings,
  { signal, onToken }: GenerationOptions,
): Promise<GenerationSummary> {
  const { text, contextLength } = connection;
  const sampling = resolveSampling(settings, text.defaults, text.stopTokenIds);
  // One more is sampled when the answer is scored.
  const room = contextLength - promptTokenIds.length - 1;
  if (room < 1) throw contextTooLong(promptTokenIds.length, contextLength);
  const request = { ...sampling, prompt: promptTokenIds, maxTokens: Math.min(sampling.maxTokens ?? room, room) };
  const sampled = await ask(connection, path, request, sampling.topLogprobs, signal);

  const stream = TokenTextStream.of(text.tokenizer, { skipSpecialTokens: true });
  const filter = new StopStringFilter(settings.stop);
  let answer = '';
  let count = 0;
  for (const [t, tokenId] of sampled.tokenIds.entries()) {
    if (signal?.aborted === true) throw new ClaasError('cancelled', 'The request was cancelled.');
    const isLast = t === sampled.tokenIds.length - 1;
    const arrived = stream.push(tokenId) + (isLast ? stream.flush() : '');
    const visible = filter.push(arrived) + (isLast ? filter.flush() : '');
    answer += visible;
    count = t + 1;
    onToken?.(tokenOf(connection, sampled, t, visible));
    if (filter.stopped) break;
  }
  const logprobs = sampled.logprobs.slice(0, count);
  return {
    text: answer,
    promptTokenIds,
    responseTokenIds: sampled.tokenIds.slice(0, count),
    logprobs,
    samplingLogprobs: logprobs,
    samplingLogprobsAreExact: sampling.temperature === 0 || sampling.temperature === 1,
    temperature: sampling.temperature,
    seed: sampling.seed,
    finishReason: filter.stopped ? 'stop' : sampled.finishReason,
    version,
  };
}

/**
 * Samples, and scores the answer where that says more: alternatives are told of prompts only, and whether log-probs of
 * sampled tokens are at temperature 1 is sure only there.
 */
async function ask(
  { samplers }: TinkerConnection,
  path: string | null,
  request: Parameters<TinkerConnection['samplers']['sample']>[1],
  topLogprobs: number,
  signal: AbortSignal | undefined,
): Promise<Sampled> {
  const { tokenIds, logprobs, finishReason } = await samplers.sample(path, request, signal);
  if (request.temperature === 1 && topLogprobs === 0) return { tokenIds, logprobs, alternatives: [], finishReason };
  const scored = await samplers.score(path, [...request.prompt, ...tokenIds], topLogprobs, signal);
  const from = request.prompt.length;
  return {
    tokenIds,
    logprobs: [...scored.promptLogprobs.subarray(from)],
    alternatives: scored.topTokens.slice(from),
    finishReason,
  };
}

function tokenOf({ text }: TinkerConnection, sampled: Sampled, t: number, visible: string): GeneratedToken {
  const { tokenIds, logprobs } = sampled.alternatives[t] ?? { tokenIds: [], logprobs: [] };
  return {
    tokenId: sampled.tokenIds[t]!,
    text: visible,
    logprob: sampled.logprobs[t]!,
    alternatives: tokenIds.map((tokenId, i) => ({
      tokenId,
      text: text.tokenizer.tokenText(tokenId),
      logprob: logprobs[i]!,
    })),
  };
}

export function contextTooLong(tokens: number, contextLength: number): ClaasError {
  return new ClaasError(
    'context_too_long',
    `The prompt has ${tokens} tokens; the base model allows ${contextLength} with the answer. Send a shorter prompt.`,
    { prompt_tokens: tokens, context_length: contextLength },
  );
}
