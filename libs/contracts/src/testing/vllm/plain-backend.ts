import type { ModelBackend } from './model-backend.js';

/** Speaks without a model: which adapter answers is in the log-prob. The real model's numbers are tested in vllm-control. */
export class PlainBackend implements ModelBackend {
  readonly contextLength = 64;
  /** Awaited before each token. */
  gate: Promise<void> = Promise.resolve();

  encode: ModelBackend['encode'] = async (prompt) =>
    prompt.kind === 'tokens' ? prompt.tokenIds : [...Buffer.from(JSON.stringify(prompt)).subarray(0, 8)];

  encodeText = async (text: string): Promise<readonly number[]> => [...Buffer.from(text)];

  decode = async (tokenIds: readonly number[]): Promise<string> => String.fromCharCode(...tokenIds);

  inspect = async (): Promise<void> => undefined;

  generate: ModelBackend['generate'] = async (adapter, { prompt, sampling }, { signal, onToken }) => {
    const count = Math.min(3, sampling.maxTokens ?? 3);
    for (let index = 0; index < count; index += 1) {
      await this.gate;
      signal.throwIfAborted();
      onToken({
        tokenId: 97 + index,
        text: String.fromCharCode(97 + index),
        logprob: logprobOf(adapter),
        alternatives: [],
      });
    }
    const logprobs = Array.from({ length: count }, () => logprobOf(adapter));
    const promptTokenIds = prompt.kind === 'tokens' ? prompt.tokenIds : [];
    return {
      text: 'abc'.slice(0, count),
      promptTokenIds,
      responseTokenIds: [97, 98, 99].slice(0, count),
      logprobs,
      samplingLogprobs: logprobs,
      temperature: 1,
      seed: 1,
      finishReason: 'stop',
      version: null,
    };
  };

  score: ModelBackend['score'] = async (adapter, _, response) => response.map(() => logprobOf(adapter));
}

/** A number of its own for each directory. */
function logprobOf(directory: string | null): number {
  return directory === null ? -1 : -2 - Buffer.from(directory).reduce((sum, byte) => (sum * 31 + byte) % 1000, 7);
}
