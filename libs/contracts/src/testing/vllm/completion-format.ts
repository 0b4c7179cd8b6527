import type { GeneratedToken } from '../../serving/generation.js';
import type { CompletionRequest } from './completion-request.js';

/** A completion's frame: which route, which answer. */
export interface AnswerFrame {
  readonly isChat: boolean;
  readonly id: string;
  readonly created: number;
  readonly request: CompletionRequest;
  readonly promptTokenIds: readonly number[];
}

export type PromptLogprobs = readonly (Readonly<Record<string, object>> | null)[] | null;

function head({ isChat, id, created, request }: AnswerFrame, isChunk: boolean): object {
  const chat = isChunk ? 'chat.completion.chunk' : 'chat.completion';
  return { id, object: isChat ? chat : 'text_completion', created, model: request.model };
}

function tokenName({ tokensAsIds }: CompletionRequest, tokenId: number, text: string): string {
  return tokensAsIds ? `token_id:${tokenId}` : text;
}

function logprobsOf({ isChat, request }: AnswerFrame, tokens: readonly GeneratedToken[]): object | null {
  if (!request.wantsLogprobs) return null;
  const bytes = (text: string): number[] => [...Buffer.from(text)];
  const name = (tokenId: number, text: string): string => tokenName(request, tokenId, text);
  if (isChat) {
    return {
      content: tokens.map(({ tokenId, text, logprob, alternatives }) => ({
        token: name(tokenId, text),
        logprob,
        bytes: bytes(text),
        top_logprobs: alternatives.map((other) => ({
          token: name(other.tokenId, other.text),
          logprob: other.logprob,
          bytes: bytes(name(other.tokenId, other.text)),
        })),
      })),
    };
  }
  return {
    tokens: tokens.map(({ tokenId, text }) => name(tokenId, text)),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    // The sampled token comes first and is among them also when it is not one of the best.
    top_logprobs: tokens.map(({ tokenId, text, logprob, alternatives }) =>
      Object.fromEntries([
        [name(tokenId, text), logprob],
        ...alternatives.map((other) => [name(other.tokenId, other.text), other.logprob] as const),
      ]),
    ),
    text_offset: tokens.map(() => 0),
  };
}

/** The first event of a chat stream, which carries the role and no token. */
export function firstChunk(frame: AnswerFrame): object {
  const { request, promptTokenIds } = frame;
  const ids = request.returnTokenIds ? promptTokenIds : null;
  const choice = { index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null };
  return { ...head(frame, true), choices: [choice], prompt_token_ids: ids };
}

export function chunkOf(
  frame: AnswerFrame,
  token: GeneratedToken | null,
  finishReason: string | null,
  isFirst: boolean,
): object {
  const { isChat, request, promptTokenIds } = frame;
  const tokens = token === null ? [] : [token];
  const text = token?.text ?? '';
  const ids = { token_ids: request.returnTokenIds ? tokens.map(({ tokenId }) => tokenId) : null };
  const ending = {
    logprobs: tokens.length === 0 ? null : logprobsOf(frame, tokens),
    finish_reason: finishReason,
    ...ids,
  };
  const choice = isChat
    ? { index: 0, delta: { content: text }, ...ending }
    : { index: 0, text, ...ending, prompt_token_ids: request.returnTokenIds && isFirst ? promptTokenIds : null };
  return { ...head(frame, true), choices: [choice] };
}

export function usageOf({ promptTokenIds }: AnswerFrame, completionTokens: number): object {
  const prompt_tokens = promptTokenIds.length;
  return { prompt_tokens, completion_tokens: completionTokens, total_tokens: prompt_tokens + completionTokens };
}

export function usageChunk(frame: AnswerFrame, completionTokens: number): object {
  return { ...head(frame, true), choices: [], usage: usageOf(frame, completionTokens) };
}

export function completionOf(
  frame: AnswerFrame,
  tokens: readonly GeneratedToken[],
  finishReason: string,
  promptLogprobs: PromptLogprobs,
): object {
  const { isChat, request, promptTokenIds } = frame;
  const text = tokens.map((token) => token.text).join('');
  const { returnTokenIds } = request;
  const prompt_token_ids = returnTokenIds ? promptTokenIds : null;
  const ending = {
    logprobs: logprobsOf(frame, tokens),
    finish_reason: finishReason,
    stop_reason: null,
    token_ids: returnTokenIds ? tokens.map(({ tokenId }) => tokenId) : null,
  };
  const usage = usageOf(frame, tokens.length);
  if (isChat) {
    const choice = { index: 0, message: { role: 'assistant', content: text }, ...ending };
    return { ...head(frame, false), choices: [choice], usage, prompt_logprobs: promptLogprobs, prompt_token_ids };
  }
  const choice = { index: 0, text, ...ending, prompt_logprobs: promptLogprobs, prompt_token_ids };
  return { ...head(frame, false), choices: [choice], usage };
}
