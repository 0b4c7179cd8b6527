import { ClaasError } from '@claas/contracts';
import { withOpenAiError } from '../http/openai-error.js';
import { problemOf } from '../http/problem.js';
import type { AnswerFormat } from './answer-format.js';
import type { RunningAnswer } from './answers.js';

const HEARTBEAT_MS = 15_000;

export interface AnswerEventOptions {
  readonly requestId: string;
  readonly includeUsage: boolean;
  readonly onError: (error: unknown) => void;
}

/** An answer as server-sent events; an error after the first byte is the last event. */
export async function* answerEvents(
  answer: RunningAnswer,
  format: AnswerFormat,
  { requestId, includeUsage, onError }: AnswerEventOptions,
): AsyncGenerator<string> {
  try {
    yield* heartbeats(answer.tokens.begun);
    yield* chunks(answer, format, includeUsage);
    yield 'data: [DONE]\n\n';
  } catch (error) {
    onError(error);
    yield event(withOpenAiError(problemOf(ClaasError.from(error), requestId)));
  }
}

async function* chunks(answer: RunningAnswer, format: AnswerFormat, includeUsage: boolean): AsyncGenerator<string> {
  const first = format.first(answer);
  if (first !== null) yield event(first);
  let sent = '';
  for await (const token of answer.tokens) {
    sent += token.text;
    yield event(format.token(answer, token));
  }
  const finished = await answer.finished;
  const { text } = finished.summary;
  if (text.startsWith(sent) && text.length > sent.length) yield event(format.rest(answer, text.slice(sent.length)));
  yield event(format.last(finished));
  if (includeUsage) yield event(format.usage(finished));
}

/** Comments that keep the connection open while the answer waits, for a step that runs perhaps. */
async function* heartbeats(begun: Promise<void>): AsyncGenerator<string> {
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const beat = new Promise<'waiting'>((resolve) => (timer = setTimeout(resolve, HEARTBEAT_MS, 'waiting')));
    const outcome = await Promise.race([begun, beat]);
    clearTimeout(timer);
    if (outcome !== 'waiting') return;
    yield ': waiting\n\n';
  }
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
