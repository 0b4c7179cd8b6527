import { ClaasError } from '@claas/contracts';

/** One event of a streamed `/v1/completions`, with `return_token_ids` and `return_tokens_as_token_ids`. */
export interface CompletionChunk {
  readonly error?: { readonly message?: string } | string;
  readonly choices?: readonly {
    readonly text?: string;
    readonly token_ids?: readonly number[] | null;
    readonly finish_reason?: string | null;
    readonly logprobs?: {
      readonly token_logprobs?: readonly (number | null)[];
      readonly top_logprobs?: readonly (Readonly<Record<string, number>> | null)[] | null;
    } | null;
  }[];
}

export interface SampledToken {
  readonly tokenId: number;
  readonly logprob: number;
  /** Most likely first. */
  readonly alternatives: readonly { readonly tokenId: number; readonly logprob: number }[];
}

export interface CompletionPiece {
  readonly text: string;
  readonly tokens: readonly SampledToken[];
  readonly finishReason: string | null;
}

/** @throws ClaasError `serving_failed` for an error event, and when ids and log-probs don't belong together */
export function readChunk(data: string, topLogprobs: number): CompletionPiece {
  const chunk = JSON.parse(data) as CompletionChunk;
  if (chunk.error !== undefined) {
    const message = typeof chunk.error === 'string' ? chunk.error : (chunk.error.message ?? 'no reason given');
    throw new ClaasError('serving_failed', `The vLLM server broke the answer off: ${message}`);
  }
  const choice = chunk.choices?.[0];
  const ids = choice?.token_ids ?? [];
  const logprobs = choice?.logprobs?.token_logprobs ?? [];
  if (ids.length !== logprobs.length) {
    const message = `The vLLM server gave ${logprobs.length} log-probs for ${ids.length} tokens. It must know return_token_ids (0.10.2 and later).`;
    throw new ClaasError('serving_failed', message);
  }
  const tokens = ids.map((tokenId, index) => ({
    tokenId,
    logprob: logprobs[index] ?? NaN,
    alternatives: alternativesOf(choice?.logprobs?.top_logprobs?.[index] ?? {}, topLogprobs),
  }));
  return { text: choice?.text ?? '', tokens, finishReason: choice?.finish_reason ?? null };
}

/** `{"token_id:17": -0.5, …}`, which may hold one more than was asked for: the sampled token. */
function alternativesOf(row: Readonly<Record<string, number>>, count: number): SampledToken['alternatives'] {
  return Object.entries(row)
    .map(([key, logprob]) => ({ tokenId: Number(key.replace('token_id:', '')), logprob }))
    .sort((a, b) => b.logprob - a.logprob)
    .slice(0, count);
}
