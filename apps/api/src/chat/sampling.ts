import type { SamplingSettings } from '@claas/contracts';
import type { FieldError } from '../http/problem.js';
import { RequestInvalidError } from '../http/request-errors.js';
import type { ChatCompletionRequestDto } from './chat-completion-request.dto.js';
import type { CompletionRequestDto } from './completion-request.dto.js';
import type { SamplingRequestDto } from './sampling-request.dto.js';

/** OpenAI's own default for plain completions. */
const DEFAULT_COMPLETION_TOKENS = 16;

/** @throws RequestInvalidError for fields that contradict one another */
export function chatSampling(request: ChatCompletionRequestDto): SamplingSettings {
  const topLogprobs = request.top_logprobs ?? 0;
  refuse([
    ...streamErrors(request),
    ...(topLogprobs > 0 && request.logprobs !== true
      ? [{ field: 'top_logprobs', message: 'needs "logprobs": true' }]
      : []),
  ]);
  return {
    ...commonSampling(request),
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    topLogprobs,
  };
}

/** @throws RequestInvalidError for fields that contradict one another */
export function completionSampling(request: CompletionRequestDto): SamplingSettings {
  refuse(streamErrors(request));
  return {
    ...commonSampling(request),
    maxTokens: request.max_tokens ?? DEFAULT_COMPLETION_TOKENS,
    topLogprobs: request.logprobs ?? 0,
  };
}

function commonSampling(request: SamplingRequestDto): Omit<SamplingSettings, 'maxTokens' | 'topLogprobs'> {
  const topK = request.top_k ?? null;
  return {
    temperature: request.temperature ?? null,
    topP: request.top_p ?? null,
    topK: topK === -1 ? 0 : topK,
    seed: request.seed ?? null,
    stop: [request.stop ?? []].flat(),
  };
}

function streamErrors({ stream, stream_options }: SamplingRequestDto): FieldError[] {
  const isAlone = stream !== true && stream_options !== null && stream_options !== undefined;
  return isAlone ? [{ field: 'stream_options', message: 'needs "stream": true' }] : [];
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new RequestInvalidError(errors);
}
