import type { GeneratedToken } from '@claas/contracts';
import { chatLogprob, factsOf, unixSeconds, usageOf } from './answer-facts.js';
import type { Answer, RunningAnswer } from './answers.js';
import type { AnswerFormat } from './answer-format.js';
import type { ChatCompletionRequestDto } from './chat-completion-request.dto.js';

/** Answers as `chat.completion` objects and chunks. */
export class ChatCompletionFormat implements AnswerFormat {
  constructor(private readonly request: ChatCompletionRequestDto) {}

  whole(answer: Answer): object {
    const { summary, tokens } = answer;
    return {
      ...this.head(answer, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: summary.text, refusal: null },
          logprobs: this.logprobs(tokens),
          finish_reason: summary.finishReason,
          ...this.tokenIds(summary.responseTokenIds),
        },
      ],
      usage: usageOf(answer),
      ...(this.request.return_token_ids === true && { prompt_token_ids: summary.promptTokenIds }),
      claas: factsOf(answer),
    };
  }

  first(answer: RunningAnswer): object {
    return this.chunk(answer, { delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null });
  }

  token(answer: RunningAnswer, token: GeneratedToken): object {
    return this.chunk(answer, {
      delta: { content: token.text },
      logprobs: this.logprobs([token]),
      finish_reason: null,
      ...this.tokenIds([token.tokenId]),
    });
  }

  rest(answer: RunningAnswer, text: string): object {
    return this.chunk(answer, { delta: { content: text }, logprobs: null, finish_reason: null });
  }

  last(answer: Answer): object {
    return {
      ...this.chunk(answer, { delta: {}, logprobs: null, finish_reason: answer.summary.finishReason }),
      ...(this.request.return_token_ids === true && { prompt_token_ids: answer.summary.promptTokenIds }),
      claas: factsOf(answer),
    };
  }

  usage(answer: Answer): object {
    return { ...this.head(answer, 'chat.completion.chunk'), choices: [], usage: usageOf(answer) };
  }

  private chunk(answer: Answer | RunningAnswer, choice: object): object {
    const isWithUsage = this.request.stream_options?.include_usage === true;
    return {
      ...this.head(answer, 'chat.completion.chunk'),
      choices: [{ index: 0, ...choice }],
      ...(isWithUsage && { usage: null }),
    };
  }

  private head({ completionId, createdAt, model }: Answer | RunningAnswer, object: string): object {
    return { id: completionId, object, created: unixSeconds(createdAt), model, system_fingerprint: null };
  }

  private logprobs(tokens: readonly GeneratedToken[]): object | null {
    return this.request.logprobs === true ? { content: tokens.map(chatLogprob), refusal: null } : null;
  }

  private tokenIds(tokenIds: readonly number[]): object {
    return this.request.return_token_ids === true ? { token_ids: tokenIds } : {};
  }
}
