import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { SdpoSample } from '@claas/core-sdpo';
import { toNumber } from './loss-file.js';
import type { LossFile, NumberInFile } from './loss-file.js';

/** A file's samples as tensors, the caller's to dispose with `disposeSamples`. */
export function sampleTensors({ samples, vocab }: Pick<LossFile, 'samples' | 'vocab'>): SdpoSample[] {
  return samples.map((sample) => ({
    responseIds: sample.response_ids,
    mask: sample.mask,
    oldLogprobs: sample.old_logprobs?.map(toNumber) ?? null,
    studentLogits: logits(sample.student_logits, vocab),
    teacherLogits: logits(sample.teacher_logits, vocab),
    baseLogits: sample.base_logits === null ? null : logits(sample.base_logits, vocab),
  }));
}

export function disposeSamples(samples: readonly SdpoSample[]): void {
  for (const { studentLogits, teacherLogits, baseLogits } of samples) {
    studentLogits.dispose();
    teacherLogits.dispose();
    baseLogits?.dispose();
  }
}

function logits(rows: readonly (readonly NumberInFile[])[], vocab: number): Tensor2D {
  return tensor2d(Float32Array.from(rows.flat(), toNumber), [rows.length, vocab]);
}
