import { DEFAULT_TRAINING_SETTINGS, type TrainingSettings } from '@claas/contracts';
import type { FieldError } from '../../http/problem.js';
import { RequestInvalidError } from '../../http/request-errors.js';
import type { FeedbackSubject } from '../feedback-request.js';
import type { Lesson } from '../rollout-preparation.js';
import type { LessonDto } from './lesson.dto.js';
import { TrainingDto } from './training.dto.js';

const REMOTE_TOP_K = 100;

/** A checked body without its wire form: defaults filled in, one way of naming the answer. @throws RequestInvalidError */
export function readLesson(body: LessonDto): Lesson {
  const errors: FieldError[] = [];
  const subject = readSubject(body, errors);
  const training = readTraining(body.training ?? new TrainingDto(), errors);
  if (errors.length > 0 || subject === null) throw new RequestInvalidError(errors);
  return { subject, feedback: body.feedback, training };
}

function readSubject(body: LessonDto, errors: FieldError[]): FeedbackSubject | null {
  const { completion_id: completionId, prompt, messages, response } = body;
  const rolloutLogprobs = body.rollout_logprobs ?? null;
  if (isGiven(completionId)) {
    for (const field of ['prompt', 'messages', 'response', 'rollout_logprobs'] as const) {
      if (isGiven(body[field])) errors.push({ field, message: 'must be left out together with completion_id' });
    }
    return { kind: 'completion', completionId };
  }
  if (!isGiven(response)) {
    errors.push({ field: 'response', message: 'is needed, unless completion_id names the answer' });
    return null;
  }
  if (isGiven(prompt) && isGiven(messages)) {
    errors.push({ field: 'messages', message: 'must be left out together with prompt' });
    return null;
  }
  if (isGiven(prompt)) return { kind: 'prompt', prompt, response, rolloutLogprobs };
  if (!isGiven(messages)) {
    errors.push({ field: 'prompt', message: 'or messages is needed, unless completion_id names the answer' });
    return null;
  }
  if (messages.at(-1)?.role !== 'user') {
    errors.push({ field: 'messages', message: 'must end with the user message that was answered' });
  }
  const conversation = messages.map(({ role, content }) => ({ role, content }));
  return { kind: 'messages', messages: conversation, response, rolloutLogprobs };
}

function readTraining(body: TrainingDto, errors: FieldError[]): TrainingSettings {
  const defaults = DEFAULT_TRAINING_SETTINGS;
  const teacherMode = body.teacher_mode ?? defaults.teacherMode;
  const { top_k: topK, teacher_top_k: alias } = body;
  if (topK !== undefined && alias !== undefined && topK !== alias) {
    errors.push({ field: 'training.teacher_top_k', message: 'is another name of top_k and must not differ from it' });
  }
  const given = topK === undefined ? alias : topK;
  return {
    learningRate: body.learning_rate ?? defaults.learningRate,
    alpha: body.alpha ?? defaults.alpha,
    isClip: body.is_clip ?? defaults.isClip,
    maxGradNorm: body.max_grad_norm ?? defaults.maxGradNorm,
    klRegWeight: body.kl_reg_weight ?? defaults.klRegWeight,
    topK: given === undefined ? (teacherMode === 'remote' ? REMOTE_TOP_K : null) : given,
    teacherMode,
    steps: body.steps ?? defaults.steps,
  };
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== undefined && value !== null;
}
