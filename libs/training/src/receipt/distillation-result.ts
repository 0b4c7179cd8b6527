import type { DistillationResult, DistillationTask, LearningReceipt, StepMetrics, TokenSignal } from '@claas/contracts';
import type { LanguageModel, LoraAdapter } from '@claas/core-model';
import type { Tokenizer } from '@claas/core-model/text';
import type { PreparedDistillation } from '../preparation/index.js';
import type { AdapterLearner, SampleEvaluation, StepEvaluation } from '../step/index.js';
import { adapterChange } from './adapter-change.js';
import { frozenNorm, loraFactorChanges } from './lora-factor-changes.js';
import { stepWarnings } from './step-warnings.js';
import { tokenTexts } from './token-texts.js';

/** What one optimizer step saw before its update. */
export interface TakenStep {
  readonly evaluation: StepEvaluation;
  /** Before clipping. */
  readonly gradNorm: number;
}

/** All that a distillation was, for its receipt. */
export interface FinishedDistillation {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly task: DistillationTask;
  readonly prepared: PreparedDistillation;
  readonly parent: LoraAdapter;
  readonly learner: AdapterLearner;
  /** At least one. */
  readonly taken: readonly TakenStep[];
  /** The new version against the same teacher. */
  readonly after: StepEvaluation;
}

export async function distillationResult(finished: FinishedDistillation): Promise<DistillationResult> {
  const { prepared, taken, after } = finished;
  const first = taken[0]!.evaluation.samples[0]!;
  const last = after.samples[0]!;
  return {
    metrics: stepMetrics(finished),
    receipt: await learningReceipt(finished, first, last),
    rollout: { promptTokenIds: prepared.promptTokenIds, responseTokenIds: prepared.responseTokenIds },
    responseLogprobs: [...last.unscaledLogprobs],
    parentResponseLogprobs: [...first.unscaledLogprobs],
  };
}

function stepMetrics({ task, taken, prepared }: FinishedDistillation): StepMetrics {
  const { evaluation, gradNorm } = taken.at(-1)!;
  return {
    totalLoss: evaluation.loss,
    distillLoss: evaluation.distillLoss,
    klReg: evaluation.kl ?? 0,
    meanIsRatio: evaluation.meanRatio,
    clipFraction: evaluation.clipFraction,
    gradNorm,
    tokensProcessed: prepared.responseTokenIds.length,
    teacherMode: task.settings.teacherMode,
    steps: taken.length,
  };
}

async function learningReceipt(
  { model, tokenizer, prepared, parent, learner, taken }: FinishedDistillation,
  first: SampleEvaluation,
  last: SampleEvaluation,
): Promise<LearningReceipt> {
  const change = await adapterChange(model.backend, loraFactorChanges(parent, learner.adapter), parent.scale);
  return {
    gapBefore: first.divergenceMean,
    gapAfter: last.divergenceMean,
    responseLogprobBefore: sum(first.rows.studentLogprobs),
    responseLogprobAfter: sum(last.rows.studentLogprobs),
    tokens: tokenSignals(tokenizer, prepared.responseTokenIds, first),
    adapterChange: change,
    adapterChangeRelative: change / frozenNorm(model, parent),
    gradNorm: taken[0]!.gradNorm,
    meanImportanceRatio: first.meanRatio,
    clipFraction: first.clipFraction,
    klToBase: first.kl,
    warnings: [...prepared.warnings, ...stepWarnings(first.divergenceMean, last.divergenceMean)],
  };
}

function tokenSignals(
  tokenizer: Tokenizer,
  tokenIds: readonly number[],
  { rows: { teacherLogprobs, studentLogprobs } }: SampleEvaluation,
): TokenSignal[] {
  return tokenTexts(tokenizer, tokenIds).map((text, t) => ({
    tokenId: tokenIds[t]!,
    text,
    signal: teacherLogprobs[t]! - studentLogprobs[t]!,
  }));
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
