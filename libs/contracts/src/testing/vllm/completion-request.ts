import type { GenerationPrompt, SamplingSettings } from '../../serving/generation.js';
import { VllmHttpError } from './http-error.js';

/** What both completion routes have in common, read from a request's body. Unknown fields are ignored, as the server does. */
export interface CompletionRequest {
  readonly model: string;
  readonly prompt: GenerationPrompt;
  readonly sampling: SamplingSettings;
  readonly stream: boolean;
  readonly wantsLogprobs: boolean;
  readonly promptLogprobs: number | null;
  readonly returnTokenIds: boolean;
  readonly tokensAsIds: boolean;
  readonly includeUsage: boolean;
}

type Body = Readonly<Record<string, unknown>>;

const MAX_LOGPROBS = 20;
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** @throws VllmHttpError 400 */
export function readCompletionRequest(body: Body, isChat: boolean): CompletionRequest {
  const stream = body['stream'] === true;
  const promptLogprobs = number(body['prompt_logprobs']);
  if (stream && promptLogprobs !== null && promptLogprobs > 0) {
    throw new VllmHttpError(400, 'BadRequestError', '`prompt_logprobs` are not available when `stream=True`.');
  }
  const topLogprobs = number(isChat ? body['top_logprobs'] : body['logprobs']) ?? 0;
  const wantsLogprobs = isChat ? body['logprobs'] === true : typeof body['logprobs'] === 'number';
  if (isChat && topLogprobs > 0 && !wantsLogprobs) {
    throw new VllmHttpError(400, 'BadRequestError', 'when using `top_logprobs`, `logprobs` must be set to true.');
  }
  for (const asked of [topLogprobs, promptLogprobs ?? 0]) {
    if (asked > MAX_LOGPROBS) {
      throw new VllmHttpError(
        400,
        'BadRequestError',
        `Requested sample logprobs of ${asked}, which is greater than max allowed: ${MAX_LOGPROBS}`,
      );
    }
  }
  const topK = number(body['top_k']);
  const stop = body['stop'] ?? [];
  return {
    model: typeof body['model'] === 'string' ? body['model'] : '',
    prompt: isChat ? chatPrompt(body) : textPrompt(body['prompt']),
    sampling: {
      temperature: number(body['temperature']),
      topP: number(body['top_p']),
      topK: topK === -1 ? 0 : topK,
      seed: number(body['seed']),
      maxTokens: number(body['max_completion_tokens']) ?? number(body['max_tokens']) ?? (isChat ? null : 16),
      stop: typeof stop === 'string' ? [stop] : (stop as string[]),
      topLogprobs,
    },
    stream,
    wantsLogprobs,
    promptLogprobs,
    returnTokenIds: body['return_token_ids'] === true,
    tokensAsIds: body['return_tokens_as_token_ids'] === true,
    includeUsage: (body['stream_options'] as Body | undefined)?.['include_usage'] === true,
  };
}

export function chatPrompt(body: Body): GenerationPrompt {
  const { messages, chat_template_kwargs } = body as {
    messages?: { role: string; content: string }[];
    chat_template_kwargs?: { enable_thinking?: boolean };
  };
  if (!Array.isArray(messages)) {
    throw new VllmHttpError(
      400,
      'Bad Request',
      "1 validation error:\n  {'type': 'missing', 'loc': ('body', 'messages')}",
    );
  }
  return {
    kind: 'messages',
    messages: messages.map(({ role, content }) => ({ role, content })),
    templateOptions: { enableThinking: chat_template_kwargs?.enable_thinking ?? null },
  };
}

export function textPrompt(prompt: unknown): GenerationPrompt {
  if (typeof prompt === 'string') return { kind: 'text', text: prompt };
  if (Array.isArray(prompt) && prompt.length > 0 && prompt.every((id) => Number.isInteger(id))) {
    return { kind: 'tokens', tokenIds: prompt as number[] };
  }
  throw new VllmHttpError(
    400,
    'BadRequestError',
    'Either prompt or prompt_embeds must be provided and non-empty.',
    'prompt',
  );
}
