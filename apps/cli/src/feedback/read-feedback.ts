import type { FeedbackRequest } from '../client/service-types.js';
import { usageError } from '../errors/command-error.js';
import { readJson, readText } from '../input/read-text.js';
import type { Surroundings } from '../program/session.js';
import { readTraining, type TrainingOptions } from './training-options.js';

export interface FeedbackOptions extends TrainingOptions {
  readonly completion?: string;
  readonly prompt?: string;
  readonly promptFile?: string;
  readonly messagesFile?: string;
  readonly response?: string;
  readonly responseFile?: string;
  readonly logprobsFile?: string;
  readonly textFile?: string;
}

/**
 * The body of a feedback, from arguments, files and standard input.
 *
 * @throws CommandError when something is missing or given twice
 */
export async function readFeedback(
  adapter: string,
  text: string | undefined,
  options: FeedbackOptions,
  surroundings: Pick<Surroundings, 'stdin'>,
): Promise<FeedbackRequest> {
  assertStdinOnce(options);
  const subject = await readSubject(options, surroundings);
  const feedback = await readFeedbackText(text, options, surroundings);
  const training = readTraining(options);
  return { lora_id: adapter, feedback, ...subject, ...(Object.keys(training).length > 0 && { training }) };
}

type Subject = Pick<FeedbackRequest, 'completion_id' | 'prompt' | 'messages' | 'response' | 'rollout_logprobs'>;

async function readSubject(options: FeedbackOptions, surroundings: Pick<Surroundings, 'stdin'>): Promise<Subject> {
  const { completion, prompt, promptFile, messagesFile, response, responseFile, logprobsFile } = options;
  const others = [prompt, promptFile, messagesFile, response, responseFile, logprobsFile];
  if (completion !== undefined) {
    if (others.some((other) => other !== undefined)) {
      throw usageError('--completion names the answer already: leave the prompt, the response and the log-probs out.');
    }
    return { completion_id: completion };
  }
  if ([prompt, promptFile, messagesFile].filter((value) => value !== undefined).length !== 1) {
    throw usageError(
      'Say what was answered: --completion <id>, or one of --prompt, --prompt-file and --messages-file.',
    );
  }
  if ([response, responseFile].filter((value) => value !== undefined).length !== 1) {
    throw usageError('Give the answer with one of --response and --response-file.');
  }
  return {
    ...(messagesFile === undefined
      ? { prompt: prompt ?? (await readText(promptFile!, surroundings)) }
      : { messages: await readJson(messagesFile, surroundings) }),
    response: response ?? (await readText(responseFile!, surroundings)),
    ...(logprobsFile !== undefined && { rollout_logprobs: await readJson(logprobsFile, surroundings) }),
  };
}

async function readFeedbackText(
  text: string | undefined,
  { textFile }: FeedbackOptions,
  surroundings: Pick<Surroundings, 'stdin'>,
): Promise<string> {
  if (text !== undefined && text !== '-') {
    if (textFile !== undefined) throw usageError('Give the feedback as an argument or with --text-file, not both.');
    return text;
  }
  const path = text ?? textFile;
  if (path === undefined) throw usageError('What is the feedback? Give it as the last argument, or with --text-file.');
  return readText(path, surroundings);
}

function assertStdinOnce(options: FeedbackOptions): void {
  const files = [
    options.promptFile,
    options.messagesFile,
    options.responseFile,
    options.logprobsFile,
    options.textFile,
  ];
  if (files.filter((file) => file === '-').length > 1) throw usageError('Only one of the files can be standard input.');
}
