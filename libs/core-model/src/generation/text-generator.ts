import type { GenerationDefaults } from '../config/generation-defaults.js';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import type { LanguageModel } from '../model/language-model.js';
import { TokenTextStream } from '../text/token-text-stream.js';
import type { Tokenizer } from '../text/tokenizer.js';
import { generateTokens } from './generate-tokens.js';
import type { FinishReason, TokenSampling } from './generate-tokens.js';
import { resolveSampling } from './resolve-sampling.js';
import type { TextSampling } from './resolve-sampling.js';
import type { SampledToken } from './sample-token.js';
import { StopStringFilter } from './stop-string-filter.js';

export interface TextTokenAlternative {
  readonly tokenId: number;
  readonly text: string;
  readonly logprob: number;
}

/** One sampled token and the text that it made final: empty while a character is incomplete or a stop string may be beginning. */
export interface TextToken {
  readonly tokenId: number;
  readonly text: string;
  /** At temperature 1, before top-p and top-k. */
  readonly logprob: number;
  readonly alternatives: readonly TextTokenAlternative[];
}

export interface TextGeneration {
  /** The tokens' texts joined; without the stop string, if one came, and without special tokens. */
  readonly text: string;
  readonly promptTokenIds: readonly number[];
  /** Everything that was sampled: with the token that ended the answer, and with those that a stop string lies in. */
  readonly responseTokenIds: readonly number[];
  /** At temperature 1, one for each response token. */
  readonly logprobs: readonly number[];
  /** At the sampling temperature (1 when greedy), over the whole vocabulary. */
  readonly samplingLogprobs: readonly number[];
  /** The temperature that was really used. */
  readonly temperature: number;
  readonly seed: number;
  readonly finishReason: FinishReason;
}

export interface TextGenerationOptions {
  readonly signal?: AbortSignal;
  readonly onToken?: (token: TextToken) => void;
}

/** Answers in text: the model's sampling defaults, text as it comes, stop strings. */
export class TextGenerator {
  constructor(
    private readonly model: LanguageModel,
    private readonly tokenizer: Tokenizer,
    private readonly defaults: GenerationDefaults,
  ) {}

  /**
   * @param adapter null: the base model
   * @throws ContextTooLongError, TokenIdsInvalidError, ComputationCancelledError
   */
  async generate(
    adapter: LoraAdapter | null,
    promptTokenIds: readonly number[],
    textSampling: TextSampling,
    { signal, onToken }: TextGenerationOptions = {},
  ): Promise<TextGeneration> {
    const sampling: TokenSampling = resolveSampling(textSampling, this.defaults, this.model.config.eosTokenIds);
    const stream = TokenTextStream.of(this.tokenizer, { skipSpecialTokens: true });
    const filter = new StopStringFilter(textSampling.stop);
    const sampled: SampledToken[] = [];
    let text = '';
    let finishReason: FinishReason = 'length';

    for await (const step of generateTokens(this.model, adapter, promptTokenIds, sampling, { signal })) {
      sampled.push(step.token);
      const isLast = step.finishReason !== null;
      const arrived = stream.push(step.token.tokenId) + (isLast ? stream.flush() : '');
      const visible = filter.push(arrived) + (isLast ? filter.flush() : '');
      text += visible;
      onToken?.(this.textToken(step.token, visible));
      finishReason = filter.stopped ? 'stop' : (step.finishReason ?? finishReason);
      if (filter.stopped) break;
    }
    return {
      text,
      promptTokenIds,
      responseTokenIds: sampled.map((token) => token.tokenId),
      logprobs: sampled.map((token) => token.logprob),
      samplingLogprobs: sampled.map((token) => token.samplingLogprob),
      temperature: sampling.temperature,
      seed: sampling.seed,
      finishReason,
    };
  }

  private textToken({ tokenId, logprob, alternatives }: SampledToken, text: string): TextToken {
    const withText = alternatives.map((one) => ({ ...one, text: this.tokenizer.tokenText(one.tokenId) }));
    return { tokenId, text, logprob, alternatives: withText };
  }
}
