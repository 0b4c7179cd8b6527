import { sdpoBatchLoss } from '@claas/core-sdpo';
import type { SdpoBatchLoss } from '@claas/core-sdpo';
import type { Comparison } from '../../comparison/comparison.js';
import { within } from '../../comparison/tolerance.js';
import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenCase } from '../golden-case.js';
import { ARITHMETICS } from './arithmetics.js';
import { compareBatch } from './compare-loss.js';
import { sdpoSettings } from './loss-file.js';
import type { ExpectedSample, LossFile } from './loss-file.js';
import { disposeSamples, sampleTensors } from './loss-tensors.js';

/** A file of `loss/`: value, every part, and the gradient with respect to the student's logits, in either arithmetic. */
export function lossCase(directory: GoldenDirectory, path: string): GoldenCase {
  directory.claim(path);
  return {
    name: path,
    run(comparison) {
      const file = directory.readJson<LossFile>(path);
      const samples = sampleTensors(file);
      try {
        for (const arithmetic of ARITHMETICS) {
          const computed = sdpoBatchLoss(samples, { ...sdpoSettings(file.settings), ...arithmetic });
          try {
            compareLossFile(comparison, computed, file);
          } finally {
            for (const { rows } of computed.samples) rows.dStudentLogits.dispose();
          }
        }
      } finally {
        disposeSamples(samples);
      }
    },
  };
}

/** Shared with the cases of `edge/` that have a number. */
export function compareLossFile(
  comparison: Comparison,
  computed: SdpoBatchLoss,
  { expected, tolerance }: Pick<LossFile, 'expected' | 'tolerance'>,
): void {
  const values = within(tolerance.value_atol, tolerance.value_rtol);
  compareBatch(comparison, '', computed, expected, { values, logprobs: values });
  for (const [i, sample] of expected.samples.entries()) {
    const gradient = computed.samples[i]?.rows.dStudentLogits.dataSync<'float32'>() ?? new Float32Array();
    compareGradient(comparison, `sample ${i} grad_student_logits`, gradient, sample, tolerance.grad_atol);
  }
}

function compareGradient(
  comparison: Comparison,
  label: string,
  gradient: Float32Array,
  { grad_student_logits: rows }: ExpectedSample,
  atol: number,
): void {
  if (rows === undefined) {
    comparison.miss(label, 'the file has none');
    return;
  }
  const reference = rows.flat();
  const largest = reference.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  comparison.numbers(label, gradient, reference, within(atol * Math.max(1, largest)));
}
