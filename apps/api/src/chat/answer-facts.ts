import type { GeneratedToken } from '@claas/contracts';
import type { Answer } from './answers.js';

export interface UsageOnTheWire {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** What only this service knows of an answer: an extension that OpenAI's clients pass over. */
export interface AnswerFacts {
  readonly lora_id: string | null;
  readonly version: number | null;
  readonly seed: number;
  readonly temperature: number;
}

export interface ChatTokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs: readonly Omit<ChatTokenLogprob, 'top_logprobs'>[];
}

export function usageOf({ summary }: Answer): UsageOnTheWire {
  const prompt = summary.promptTokenIds.length;
  const completion = summary.responseTokenIds.length;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

export function factsOf({ served, summary }: Answer): AnswerFacts {
  return {
    lora_id: served.kind === 'adapter' ? served.loraId : null,
    version: summary.version,
    seed: summary.seed,
    temperature: summary.temperature,
  };
}

export function unixSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** A token's log-prob as chat completions report it. */
export function chatLogprob({ text, logprob, alternatives }: GeneratedToken): ChatTokenLogprob {
  return { ...tokenLogprob(text, logprob), top_logprobs: alternatives.map((a) => tokenLogprob(a.text, a.logprob)) };
}

function tokenLogprob(text: string, logprob: number): Omit<ChatTokenLogprob, 'top_logprobs'> {
  return { token: text, logprob, bytes: [...Buffer.from(text)] };
}
