import { randomUUID } from 'node:crypto';
import { ClaasError } from '../../errors/claas-error.js';
import type { GeneratedToken } from '../../serving/generation.js';
import { chunkOf, completionOf, firstChunk, usageChunk } from './completion-format.js';
import type { AnswerFrame, PromptLogprobs } from './completion-format.js';
import { readCompletionRequest } from './completion-request.js';
import type { EngineState } from './engine-state.js';
import { VllmHttpError } from './http-error.js';
import type { LoraRegistry } from './lora-registry.js';
import type { ModelBackend } from './model-backend.js';

/** What an engine without its weights says: numbers, but not the model's. */
const GARBAGE_NATS = -7;

/** Answers the two completion routes with the real model. */
export class CompletionEngine {
  constructor(
    private readonly backend: ModelBackend,
    private readonly state: EngineState,
    private readonly loras: LoraRegistry,
    private readonly baseModelName: string,
  ) {}

  /** @param send one event of a stream; null for an answer in one piece, which is returned */
  async answer(
    body: Readonly<Record<string, unknown>>,
    isChat: boolean,
    send: ((event: object | '[DONE]') => void) | null,
    signal: AbortSignal,
  ): Promise<object | null> {
    const request = readCompletionRequest(body, isChat);
    const promptTokenIds = await encode(this.backend, request.prompt);
    const { contextLength } = this.backend;
    const room = contextLength - promptTokenIds.length;
    if (room < 1 || (request.sampling.maxTokens ?? 0) > room) throw tooLong(contextLength, promptTokenIds.length);
    // Looked up when the request arrives: what is unloaded or loaded afterwards doesn't change who answers.
    const adapter = this.adapterOf(request.model, request.promptLogprobs === null);
    const running = await this.state.begin();
    try {
      const id = `${isChat ? 'chatcmpl' : 'cmpl'}-${randomUUID().replaceAll('-', '').slice(0, 16)}`;
      const frame: AnswerFrame = { isChat, id, created: Math.floor(Date.now() / 1000), request, promptTokenIds };
      const abort = AbortSignal.any([running.signal, signal]);
      const { promptLogprobs: k } = request;
      const promptLogprobs = k === null ? null : await this.promptLogprobs(adapter, promptTokenIds, k, abort);
      return await this.generate(frame, adapter, promptLogprobs, send, abort);
    } finally {
      this.state.end(running);
    }
  }

  private async generate(
    frame: AnswerFrame,
    adapter: string | null,
    promptLogprobs: PromptLogprobs,
    send: ((event: object | '[DONE]') => void) | null,
    signal: AbortSignal,
  ): Promise<object | null> {
    const { request, promptTokenIds, isChat } = frame;
    const tokens: GeneratedToken[] = [];
    let held: GeneratedToken | null = null;
    let sent = 0;
    const flush = (finishReason: string | null): void => {
      send?.(chunkOf(frame, held, finishReason, sent === 0));
      sent += 1;
    };
    if (isChat) send?.(firstChunk(frame));
    const prompt = { kind: 'tokens', tokenIds: promptTokenIds } as const;
    const onToken = (plain: GeneratedToken): void => {
      const token = this.state.hasGarbage ? { ...plain, logprob: plain.logprob + GARBAGE_NATS } : plain;
      tokens.push(token);
      // One behind, so that the last token comes with the reason of the end.
      if (held !== null) flush(null);
      held = token;
    };
    let finishReason: string;
    try {
      ({ finishReason } = await this.backend.generate(
        adapter,
        { prompt, sampling: request.sampling },
        { signal, onToken },
      ));
    } catch (error) {
      this.state.assertAlive();
      if (!signal.aborted) throw error;
      finishReason = 'abort';
    }
    if (send === null) return completionOf(frame, tokens, finishReason, promptLogprobs);
    flush(finishReason);
    if (request.includeUsage) send(usageChunk(frame, tokens.length));
    send('[DONE]');
    return null;
  }

  private adapterOf(model: string, fromCache: boolean): string | null {
    return model === this.baseModelName ? null : this.loras.directory(model, fromCache);
  }

  /** `[0]` is null; each other position has its own token and the `k` best. */
  private async promptLogprobs(
    adapter: string | null,
    tokenIds: readonly number[],
    k: number,
    signal: AbortSignal,
  ): Promise<PromptLogprobs> {
    const scored = await this.backend.score(adapter, tokenIds.slice(0, 1), tokenIds.slice(1));
    const garbage = this.state.hasGarbage ? GARBAGE_NATS : 0;
    const rows: Record<string, object>[] = [];
    for (const [index, logprob] of scored.entries()) {
      const tokenId = tokenIds[index + 1] ?? -1;
      const best = k === 0 ? [] : await this.best(adapter, tokenIds.slice(0, index + 1), k, signal);
      const entries = best.map((other, rank) => [other.tokenId, other.logprob, rank + 1, other.text] as const);
      const own = [tokenId, logprob, null, await this.backend.decode([tokenId])] as const;
      rows.push(
        Object.fromEntries(
          [...entries, own].map(([id, value, rank, text]) => [
            String(id),
            { logprob: value + garbage, rank, decoded_token: text },
          ]),
        ),
      );
    }
    return [null, ...rows];
  }

  private async best(adapter: string | null, tokenIds: readonly number[], k: number, signal: AbortSignal) {
    const sampling = { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: 1, stop: [], topLogprobs: k };
    const found: GeneratedToken[] = [];
    const onToken = (token: GeneratedToken): void => void found.push(token);
    const prompt = { kind: 'tokens', tokenIds } as const;
    await this.backend.generate(adapter, { prompt, sampling }, { signal, onToken });
    return found[0]?.alternatives ?? [];
  }
}

/** A prompt's tokens, its errors in the server's words. */
export async function encode(
  backend: ModelBackend,
  prompt: Parameters<ModelBackend['encode']>[0],
): Promise<readonly number[]> {
  try {
    return await backend.encode(prompt);
  } catch (error) {
    if (!(error instanceof ClaasError)) throw error;
    if (error.code === 'context_too_long') throw tooLong(backend.contextLength, null);
    throw new VllmHttpError(400, 'BadRequestError', error.message);
  }
}

function tooLong(contextLength: number, tokens: number | null): VllmHttpError {
  const requested = tokens === null ? 'more' : `${tokens} in the messages`;
  const message = `This model's maximum context length is ${contextLength} tokens. However, you requested ${requested}. Please reduce the length of the input messages.`;
  return new VllmHttpError(400, 'BadRequestError', message, 'input_tokens');
}
