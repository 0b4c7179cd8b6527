import { EmptyResponseError, LengthMismatchError, NonFiniteLossError, sdpoBatchLoss } from '@claas/core-sdpo';
import type { SdpoBatchLoss } from '@claas/core-sdpo';
import type { Comparison } from '../../comparison/comparison.js';
import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenCase } from '../golden-case.js';
import { ARITHMETICS } from './arithmetics.js';
import { compareLossFile } from './loss-case.js';
import { sdpoSettings } from './loss-file.js';
import type { ExpectedBatch, LossFile } from './loss-file.js';
import { disposeSamples, sampleTensors } from './loss-tensors.js';

const BEHAVIOURS = ['number', 'error: empty response', 'error: length mismatch', 'skip: non-finite'] as const;
type Behaviour = (typeof BEHAVIOURS)[number];
type Arithmetic = (typeof ARITHMETICS)[number];

interface EdgeFile extends Omit<LossFile, 'expected'> {
  readonly expected: { readonly behaviour: Behaviour } & ExpectedBatch;
}

/** A file of `edge/`: the right refusal, or the right number. */
export function edgeCase(directory: GoldenDirectory, path: string): GoldenCase {
  directory.claim(path);
  return {
    name: path,
    run(comparison) {
      const file = directory.readJson<EdgeFile>(path);
      const { behaviour } = file.expected;
      if (!BEHAVIOURS.includes(behaviour)) {
        comparison.miss('behaviour', `unknown: ${JSON.stringify(behaviour)}; known are ${BEHAVIOURS.join(', ')}`);
        return;
      }
      for (const arithmetic of ARITHMETICS) {
        const outcome = evaluate(file, arithmetic);
        comparison.exact('behaviour', outcome.behaviour, behaviour);
        if (outcome.loss === null) continue;
        if (behaviour === 'number') {
          compareLossFile(comparison, outcome.loss, file);
          compareWithReferenceTwin(comparison, outcome.loss, arithmetic, directory, path);
        }
        dispose(outcome.loss);
      }
    },
  };
}

function evaluate(
  file: Pick<LossFile, 'settings' | 'samples' | 'vocab'>,
  arithmetic: Arithmetic,
): {
  readonly behaviour: Behaviour;
  readonly loss: SdpoBatchLoss | null;
} {
  const samples = sampleTensors(file);
  try {
    return { behaviour: 'number', loss: sdpoBatchLoss(samples, { ...sdpoSettings(file.settings), ...arithmetic }) };
  } catch (error) {
    if (error instanceof EmptyResponseError) return { behaviour: 'error: empty response', loss: null };
    if (error instanceof LengthMismatchError) return { behaviour: 'error: length mismatch', loss: null };
    if (error instanceof NonFiniteLossError) return { behaviour: 'skip: non-finite', loss: null };
    throw error;
  } finally {
    disposeSamples(samples);
  }
}

/** What stands in masked rows must not change a bit: `…_nan` gives exactly what `…_reference` beside it gives. */
function compareWithReferenceTwin(
  comparison: Comparison,
  loss: SdpoBatchLoss,
  arithmetic: Arithmetic,
  directory: GoldenDirectory,
  path: string,
): void {
  const twin = path.replace(/_nan\.json$/, '_reference.json');
  if (twin === path || !directory.has(twin)) return;
  const reference = evaluate(directory.readJson<EdgeFile>(twin), arithmetic).loss;
  if (reference === null) {
    comparison.miss('the same without NaN', `${twin} gives no number`);
    return;
  }
  comparison.exact('the same without NaN: loss', loss.loss, reference.loss);
  for (const [i, { rows }] of reference.samples.entries()) {
    const gradient = loss.samples[i]?.rows.dStudentLogits.dataSync<'float32'>() ?? [];
    comparison.exact(
      `the same without NaN: gradient ${i}`,
      [...gradient],
      [...rows.dStudentLogits.dataSync<'float32'>()],
    );
  }
  dispose(reference);
}

function dispose(loss: SdpoBatchLoss): void {
  for (const { rows } of loss.samples) rows.dStudentLogits.dispose();
}
