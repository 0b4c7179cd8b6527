import type { AdapterId } from '../adapter/adapter-id.js';
import type { LearningReceipt } from './learning-receipt.js';
import type { StepMetrics } from './step-metrics.js';
import type { TeacherPosition, TeacherTask } from './teacher.js';
import type { TrainingSettings } from './training-settings.js';

export interface ConversationMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatTemplateOptions {
  /** The template's thinking switch; null leaves it to the template. */
  readonly enableThinking: boolean | null;
}

/** An adapter version as a directory that a trainer can read. */
export interface AdapterSource {
  readonly loraId: AdapterId;
  readonly version: number;
  readonly directory: string;
}

/**
 * One answer of the model, as exactly as it is known.
 * With ids, they are used as they are; with text only, it is tokenized once and ends with the end-of-turn token.
 */
export interface Rollout {
  /** What was asked, for the teacher's context: the last user message is the one that gets the feedback. */
  readonly conversation: readonly ConversationMessage[];
  readonly templateOptions: ChatTemplateOptions;
  /** The student's context where it is known; null renders `conversation`. */
  readonly promptTokenIds: readonly number[] | null;
  readonly response: { readonly tokenIds: readonly number[] } | { readonly text: string };
  /** Log-probs at sampling time and temperature, one for each response token; null sets the importance ratio to 1. */
  readonly rolloutLogprobs: readonly number[] | null;
  /** The temperature that the answer was sampled with; 0 (greedy) counts as 1. */
  readonly temperature: number;
}

/** The part of a task that can be checked before it is accepted. */
export interface DistillationRequest {
  readonly baseModel: string;
  readonly rollout: Rollout;
  readonly feedback: string;
  readonly settings: TrainingSettings;
}

export interface DistillationTask extends DistillationRequest {
  readonly feedbackId: string;
  readonly parent: AdapterSource;
  /** Staged and empty; the new version's files go here. */
  readonly outputDirectory: string;
  /** In mode `remote`, one for each response token: what the engine that asked the teacher passes on to its trainer. */
  readonly teacherScores?: readonly TeacherPosition[];
}

/** A rollout with nothing left to decide. */
export interface PreparedRollout {
  readonly promptTokenIds: readonly number[];
  readonly responseTokenIds: readonly number[];
  /** In mode `remote`: what the teacher is to be asked. */
  readonly teacherTask?: TeacherTask;
}

export interface DistillationResult {
  readonly metrics: StepMetrics;
  readonly receipt: LearningReceipt;
  readonly rollout: PreparedRollout;
  /** log p(y_t) under the new version at temperature 1, for the check that the server answers with it. */
  readonly responseLogprobs: readonly number[];
  /** The same under the parent. */
  readonly parentResponseLogprobs: readonly number[];
}

export type DistillationPhase = 'loading' | 'teacher' | 'forward' | 'backward' | 'update' | 'measuring' | 'saving';

export interface DistillationProgress {
  readonly phase: DistillationPhase;
  /** Of the whole task, 0 to 1. */
  readonly fraction: number;
}
