import { Readable } from 'node:stream';
import { ClaasError } from '@claas/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerEvents } from './answer-events.js';
import type { AnswerFormat } from './answer-format.js';
import type { Answers, Question } from './answers.js';
import { abortedWithClient } from './client-signal.js';
import type { SamplingRequestDto } from './sampling-request.dto.js';

/** An error that comes before this is answered with its status; later ones are events of the stream. */
const PATIENCE_BEFORE_HEADERS_MS = 10_000;

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Answers `question`, whole or as a stream; a client that goes away ends the generation. */
export async function respond(
  answers: Answers,
  question: Question,
  format: AnswerFormat,
  options: Pick<SamplingRequestDto, 'stream' | 'stream_options'>,
  { request, reply }: Exchange,
): Promise<void> {
  const signal = abortedWithClient(reply);
  const answer = await answers.begin(question, signal);
  if (options.stream !== true) {
    await reply.send(format.whole(await answer.finished));
    return;
  }
  await Promise.race([answer.tokens.begun, answer.finished, elapsed(PATIENCE_BEFORE_HEADERS_MS)]);
  const events = answerEvents(answer, format, {
    requestId: request.id,
    includeUsage: options.stream_options?.include_usage === true,
    onError: (error) => {
      if (!signal.aborted) request.log.error({ err: error, code: ClaasError.from(error).code }, 'stream failed');
    },
  });
  await reply
    .headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
    .send(Readable.from(events));
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
