import type { GeneratedToken } from '@claas/contracts';
import { factsOf, unixSeconds, usageOf } from './answer-facts.js';
import type { AnswerFormat } from './answer-format.js';
import type { Answer, RunningAnswer } from './answers.js';
import type { CompletionRequestDto } from './completion-request.dto.js';

/** Answers as `text_completion` objects, whole or in pieces of the same form. */
export class CompletionFormat implements AnswerFormat {
  /** Characters that were sent before the next token. */
  private offset = 0;

  constructor(private readonly request: CompletionRequestDto) {}

  whole(answer: Answer): object {
    const { summary, tokens } = answer;
    return {
      ...this.head(answer),
      choices: [
        {
          index: 0,
          text: summary.text,
          logprobs: this.logprobs(tokens),
          finish_reason: summary.finishReason,
          ...this.tokenIds(summary.responseTokenIds),
          ...(this.request.return_token_ids === true && { prompt_token_ids: summary.promptTokenIds }),
        },
      ],
      usage: usageOf(answer),
      claas: factsOf(answer),
    };
  }

  first(): null {
    return null;
  }

  token(answer: RunningAnswer, token: GeneratedToken): object {
    return this.chunk(answer, {
      text: token.text,
      logprobs: this.logprobs([token]),
      finish_reason: null,
      ...this.tokenIds([token.tokenId]),
    });
  }

  rest(answer: RunningAnswer, text: string): object {
    return this.chunk(answer, { text, logprobs: null, finish_reason: null });
  }

  last(answer: Answer): object {
    const { finishReason, promptTokenIds } = answer.summary;
    const ids = this.request.return_token_ids === true ? { prompt_token_ids: promptTokenIds } : {};
    return {
      ...this.chunk(answer, { text: '', logprobs: null, finish_reason: finishReason, ...ids }),
      claas: factsOf(answer),
    };
  }

  usage(answer: Answer): object {
    return { ...this.head(answer), choices: [], usage: usageOf(answer) };
  }

  private chunk(answer: Answer | RunningAnswer, choice: object): object {
    const isWithUsage = this.request.stream_options?.include_usage === true;
    return { ...this.head(answer), choices: [{ index: 0, ...choice }], ...(isWithUsage && { usage: null }) };
  }

  private head({ completionId, createdAt, model }: Answer | RunningAnswer): object {
    return {
      id: completionId,
      object: 'text_completion',
      created: unixSeconds(createdAt),
      model,
      system_fingerprint: null,
    };
  }

  private logprobs(tokens: readonly GeneratedToken[]): object | null {
    const { logprobs } = this.request;
    if (logprobs === null || logprobs === undefined) return null;
    const textOffsets = tokens.map(({ text }) => {
      const offset = this.offset;
      this.offset += text.length;
      return offset;
    });
    return {
      tokens: tokens.map(({ text }) => text),
      token_logprobs: tokens.map(({ logprob }) => logprob),
      top_logprobs: logprobs === 0 ? null : tokens.map(alternativesByText),
      text_offset: textOffsets,
    };
  }

  private tokenIds(tokenIds: readonly number[]): object {
    return this.request.return_token_ids === true ? { token_ids: tokenIds } : {};
  }
}

function alternativesByText({ alternatives }: GeneratedToken): Record<string, number> {
  return Object.fromEntries(alternatives.map(({ text, logprob }) => [text, logprob]));
}
