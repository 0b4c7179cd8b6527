import type { LoraAdapter } from '../lora/lora-adapter.js';
import type { LanguageModel } from '../model/language-model.js';
import { generateTokens } from './generate-tokens.js';
import type { FinishReason, TokenSampling } from './generate-tokens.js';
import type { SampledToken } from './sample-token.js';

export interface Generation {
  readonly tokens: readonly SampledToken[];
  readonly finishReason: FinishReason;
}

/** All tokens of `generateTokens` at once; `onToken` hears of each as it comes. `maxTokens` is at least 1. */
export async function generate(
  model: LanguageModel,
  adapter: LoraAdapter | null,
  promptTokenIds: readonly number[],
  sampling: TokenSampling,
  options: { readonly signal?: AbortSignal; readonly onToken?: (token: SampledToken) => void } = {},
): Promise<Generation> {
  const tokens: SampledToken[] = [];
  let finishReason: FinishReason = 'length';
  for await (const step of generateTokens(model, adapter, promptTokenIds, sampling, options)) {
    tokens.push(step.token);
    options.onToken?.(step.token);
    finishReason = step.finishReason ?? finishReason;
  }
  return { tokens, finishReason };
}
