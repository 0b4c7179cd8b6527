import { ClaasError, type DistillationRequest, type PreparedRollout, type TrainingSettings } from '@claas/contracts';
import {
  DEFAULT_TEACHER_TEMPLATE,
  studentContext,
  teacherContext,
  type ContextEncoder,
  type TextCutter,
} from '../prompts/index.js';
import { asClaasError } from '../errors/as-claas-error.js';
import { checkContextLength } from './check-context-length.js';
import { checkResponse } from './check-response.js';
import { checkTokenIds } from './check-token-ids.js';

/** What preparing a rollout needs of a model: its text side and its limits, no weights. */
export interface RolloutModel {
  readonly tokenizer: TextCutter;
  readonly template: ContextEncoder;
  /** Ends an answer; null where the model has no such token. */
  readonly endOfTurnTokenId: number | null;
  /** Longest sequence, prompt and response together. */
  readonly contextLength: number;
  /** Rows of the embedding; ids below it exist. */
  readonly vocabularySize: number;
}

/** A rollout and its teacher's context as tokens: checked, with nothing left to decide. */
export interface PreparedDistillation extends PreparedRollout {
  readonly teacherTokenIds: readonly number[];
  /** One for each response token; null sets the importance ratio to 1. */
  readonly rolloutLogprobs: readonly number[] | null;
  /** Above 0: greedy counts as 1. */
  readonly temperature: number;
  /** Of the model, whose ids are below it. */
  readonly vocabularySize: number;
  /** For the receipt. */
  readonly warnings: readonly string[];
}

/**
 * Tokenizes and checks a request without training.
 * @throws ClaasError `response_empty`, `rollout_logprobs_mismatch`, `context_too_long`, `request_invalid`, `template_failed`, `teacher_mode_unsupported`
 */
export function prepareRollout(
  model: RolloutModel,
  request: DistillationRequest & { readonly hasRemoteTeacher?: boolean },
  teacherTemplate = DEFAULT_TEACHER_TEMPLATE,
): PreparedDistillation {
  try {
    return prepare(model, request, teacherTemplate);
  } catch (error) {
    throw asClaasError(error);
  }
}

function prepare(
  model: RolloutModel,
  request: DistillationRequest & { readonly hasRemoteTeacher?: boolean },
  teacherTemplate: string,
): PreparedDistillation {
  const { rollout, settings } = request;
  checkTeacherMode(settings, request.hasRemoteTeacher === true);
  const { contextLength, vocabularySize } = model;
  const temperature = samplingTemperature(rollout.temperature);
  const { tokenIds: responseTokenIds, rolloutLogprobs } = checkResponse(rollout, (text) => ({
    tokenIds: model.tokenizer.encode(text, { specialTokens: 'plain' }),
    endOfTurnTokenId: model.endOfTurnTokenId,
  }));
  checkTokenIds('response_token_ids', responseTokenIds, vocabularySize);

  const promptTokenIds = studentContext(model.template, rollout);
  if (promptTokenIds.length === 0) {
    throw new ClaasError('request_invalid', 'The prompt has no tokens; the first response token needs one to follow.');
  }
  checkTokenIds('prompt_token_ids', promptTokenIds, vocabularySize);
  checkContextLength({
    promptTokens: promptTokenIds.length,
    responseTokens: responseTokenIds.length,
    contextLength,
  });

  const teacher = teacherContext(model.template, model.tokenizer, {
    conversation: rollout.conversation,
    templateOptions: rollout.templateOptions,
    feedback: request.feedback,
    teacherTemplate,
    maxTokens: contextLength - responseTokenIds.length,
  });
  return {
    promptTokenIds,
    responseTokenIds,
    teacherTokenIds: teacher.tokenIds,
    rolloutLogprobs,
    temperature,
    vocabularySize,
    warnings: teacher.cut === null ? [] : [cutWarning(teacher.cut)],
  };
}

/** @throws ClaasError `teacher_mode_unsupported`, `request_invalid` */
function checkTeacherMode({ teacherMode, topK }: TrainingSettings, hasRemoteTeacher: boolean): void {
  if (teacherMode === 'self') return;
  if (!hasRemoteTeacher) throw teacherModeUnsupported(teacherMode);
  if (topK !== null) return;
  throw new ClaasError(
    'request_invalid',
    'training.top_k can’t be null with teacher_mode "remote": of a remote teacher only its likeliest tokens are known. Leave it out for 100 of them.',
    { field: 'training.top_k' },
  );
}

function teacherModeUnsupported(teacherMode: string): ClaasError {
  return new ClaasError(
    'teacher_mode_unsupported',
    `teacher_mode "${teacherMode}" is not offered by this trainer. Use "self": the base model itself, with the feedback in its context.`,
    { teacher_mode: teacherMode, supported: ['self'] },
  );
}

/** Greedy answers have no temperature of their own: 0 counts as 1. */
function samplingTemperature(temperature: number): number {
  if (temperature === 0) return 1;
  if (Number.isFinite(temperature) && temperature > 0) return temperature;
  throw new ClaasError(
    'request_invalid',
    `temperature is ${String(temperature)}; send the temperature that the response was sampled with: 0 (greedy) or more.`,
    { temperature },
  );
}

function cutWarning({ kept, of }: { readonly kept: number; readonly of: number }): string {
  return `The feedback was cut to its first ${kept} of ${of} tokens: more would not fit into the base model's context beside the conversation and the response.`;
}
