import { randomInt } from 'node:crypto';
import { ClaasError } from '@claas/contracts';
import type { GeneratedToken, GenerationOptions, GenerationRequest, GenerationSummary } from '@claas/contracts';
import { serverSentEvents } from '../http/server-sent-events.js';
import type { VllmHttp } from '../http/vllm-http.js';
import type { VllmSettings } from '../settings/vllm-settings.js';
import type { ServerTokenizer } from '../tokens/server-tokenizer.js';
import { readChunk } from './completion-chunk.js';
import type { CompletionPiece } from './completion-chunk.js';
import { contextTooLong } from './context-too-long.js';

const MAX_SEED = 2 ** 31;

/** A request with nothing left to the server's own defaults. */
interface Sampling {
  readonly temperature: number;
  readonly seed: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers through `/v1/completions` with token ids in and out: the exact tokens and their log-probs, whatever the template does. */
export class AnswerGenerator {
  constructor(
    private readonly http: VllmHttp,
    private readonly tokenizer: ServerTokenizer,
    private readonly settings: VllmSettings,
  ) {}

  /** @throws ClaasError `context_too_long`, `template_failed`, `serving_failed`, `cancelled` */
  async answer(
    model: string,
    version: number | null,
    request: GenerationRequest,
    { signal, onToken }: GenerationOptions,
  ): Promise<GenerationSummary> {
    const { tokenIds: promptTokenIds, contextLength } = await this.tokenizer.prompt(request.prompt);
    const room = contextLength - promptTokenIds.length;
    if (room < 1) throw contextTooLong(promptTokenIds.length, contextLength);
    const sampling = this.sampling(request, room);
    const { topLogprobs } = request.sampling;
    const body = { model, prompt: promptTokenIds, ...sampling.body };
    const call = {
      method: 'POST',
      path: '/v1/completions',
      body,
      timeoutMs: this.settings.timeouts.tokenMs,
      signal,
    } as const;
    const tokens: GeneratedToken[] = [];
    let finishReason: string | null = null;
    for await (const data of serverSentEvents(this.http.stream(call))) {
      if (data === '[DONE]') break;
      const piece = readChunk(data, topLogprobs);
      finishReason = piece.finishReason ?? finishReason;
      for (const token of await this.withTexts(piece)) {
        if (signal?.aborted === true) throw new ClaasError('cancelled', 'The request was cancelled.');
        tokens.push(token);
        onToken?.(token);
      }
    }
    if (signal?.aborted === true) throw new ClaasError('cancelled', 'The request was cancelled.');
    if (finishReason !== 'stop' && finishReason !== 'length') throw brokenOff(finishReason);
    const logprobs = tokens.map(({ logprob }) => logprob);
    return {
      text: tokens.map(({ text }) => text).join(''),
      promptTokenIds,
      responseTokenIds: tokens.map(({ tokenId }) => tokenId),
      logprobs,
      samplingLogprobs: logprobs,
      // The server tells log-probs at temperature 1, and no others can be had from those of one token.
      samplingLogprobsAreExact: sampling.temperature === 0 || sampling.temperature === 1,
      temperature: sampling.temperature,
      seed: sampling.seed,
      finishReason,
      version,
    };
  }

  private sampling({ sampling }: GenerationRequest, room: number): Sampling {
    const { defaultSampling } = this.settings;
    const temperature = sampling.temperature ?? defaultSampling.temperature;
    const topK = sampling.topK ?? defaultSampling.topK;
    const seed = sampling.seed ?? randomInt(MAX_SEED);
    const body = {
      stream: true,
      max_tokens: Math.min(sampling.maxTokens ?? room, room),
      temperature,
      top_p: sampling.topP ?? defaultSampling.topP,
      top_k: topK === 0 ? -1 : topK,
      seed,
      logprobs: sampling.topLogprobs,
      return_token_ids: true,
      return_tokens_as_token_ids: true,
      ...(sampling.stop.length > 0 && { stop: sampling.stop }),
    };
    return { temperature, seed, body };
  }

  /** A piece may hold several tokens; its text then belongs to the last of them, and text without a token to an empty one's successor. */
  private async withTexts({ text, tokens }: CompletionPiece): Promise<readonly GeneratedToken[]> {
    const ids = tokens.flatMap(({ alternatives }) => alternatives.map(({ tokenId }) => tokenId));
    const texts = ids.length === 0 ? new Map<number, string>() : await this.tokenizer.singleTexts(ids);
    return tokens.map(({ tokenId, logprob, alternatives }, index) => ({
      tokenId,
      logprob,
      text: index === tokens.length - 1 ? text : '',
      alternatives: alternatives.map((other) => ({ ...other, text: texts.get(other.tokenId) ?? '' })),
    }));
  }
}

function brokenOff(finishReason: string | null): ClaasError {
  const reason = finishReason ?? 'the stream ended';
  return new ClaasError('serving_failed', `The vLLM server broke the answer off (${reason}). Send the request again.`);
}
