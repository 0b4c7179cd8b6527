import { createTensorBackend } from '@claas/tensor-backend';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { skippedTensorBackend } from '@claas/tensor-backend/testing';
import { describe, expect, it } from 'vitest';
import { AdapterFolder, distillationTask, loadClay } from '../testing/clay-tiny.js';
import { distill } from './distill.js';

const STEPS = 5;
/** Where an adapter begins and updates are smallest: what rounding could swallow is seen here. */
const LEARNING_RATE = 1e-4;

const nativeRuntime = nativeRuntimeDirectory(process.env);
const found = readNativeRuntime(nativeRuntime);

/** The gap to the teacher before the first and after each step of one version after the other. */
async function gaps(frozenFormat: 'F32' | 'BF16'): Promise<number[]> {
  const backend = await createTensorBackend('tensorflow', { nativeRuntime, frozenFormat });
  const context = await loadClay(backend);
  const folder = await AdapterFolder.create();
  const values: number[] = [];
  let parent = await folder.untrained(context);
  for (let step = 0; step < STEPS; step++) {
    const output = await folder.empty();
    const task = distillationTask({ parent, output }, { settings: { learningRate: LEARNING_RATE } });
    const { receipt } = await distill(context, task);
    if (step === 0) values.push(receipt.gapBefore);
    values.push(receipt.gapAfter);
    parent = output;
  }
  context.model.dispose();
  await folder.remove();
  return values;
}

if (found.state !== 'ready') {
  skippedTensorBackend('tensorflow', found.reason);
} else {
  describe('learning with frozen weights in bfloat16', () => {
    it('reaches the figures of float32', async () => {
      const [exact, short] = [await gaps('F32'), await gaps('BF16')];
      short.forEach((gap, step) => {
        expect(Math.abs(gap / exact[step]! - 1)).toBeLessThan(0.03);
      });
      // How far the first step comes, and all of them: a bfloat16 sum of frozen product and adapter would lose nine tenths of the first.
      const closed = (values: readonly number[], step: number) => 1 - values[step]! / values[0]!;
      expect(closed(short, 1) / closed(exact, 1)).toBeGreaterThan(0.75);
      expect(closed(short, STEPS) / closed(exact, STEPS)).toBeGreaterThan(0.85);
      expect(closed(short, STEPS) / closed(exact, STEPS)).toBeLessThan(1.15);
    });
  });
}
