import { createTensorBackend } from '@claas/tensor-backend';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { skippedTensorBackend } from '@claas/tensor-backend/testing';
import { describe, expect, it } from 'vitest';
import { AdapterFolder, ANSWER, distillationTask, loadClay, QUESTION } from '../testing/clay-tiny.js';
import { distill } from './distill.js';

const STEPS = 5;
/** Where an adapter begins and updates are smallest: what rounding could swallow is seen here. */
const LEARNING_RATE = 1e-4;

const nativeRuntime = nativeRuntimeDirectory(process.env);
const found = readNativeRuntime(nativeRuntime);

/** Answers of clay-tiny and what was said of them. How far one step comes with one of them, roundings decide as well: it is the mean that counts. */
const FEEDBACKS = [
  { question: QUESTION, answer: ANSWER, feedback: "Don't use emojis." },
  { question: 'What is the capital of Turkey?', answer: 'Ankara! 🎉', feedback: 'Answer without emojis, please.' },
  { question: 'Who are you?', answer: 'I am Clay, a small helper! 🌟', feedback: 'Call yourself Kuro.' },
] as const;

/** The gap to the teacher before the first and after each step of one version after the other. */
async function gaps(
  frozenFormat: 'F32' | 'BF16',
  { question, answer, feedback }: (typeof FEEDBACKS)[number],
): Promise<number[]> {
  const backend = await createTensorBackend('tensorflow', { nativeRuntime, frozenFormat });
  const context = await loadClay(backend);
  const folder = await AdapterFolder.create();
  const values: number[] = [];
  let parent = await folder.untrained(context);
  for (let step = 0; step < STEPS; step++) {
    const output = await folder.empty();
    const task = distillationTask(
      { parent, output },
      {
        settings: { learningRate: LEARNING_RATE },
        feedback,
        rollout: { conversation: [{ role: 'user', content: question }], response: { text: answer } },
      },
    );
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
      const shares: { first: number; all: number }[] = [];
      for (const one of FEEDBACKS) {
        const [exact, short] = [await gaps('F32', one), await gaps('BF16', one)];
        short.forEach((gap, step) => {
          expect(Math.abs(gap / exact[step]! - 1)).toBeLessThan(0.03);
        });
        const closed = (values: readonly number[], step: number) => 1 - values[step]! / values[0]!;
        shares.push({ first: closed(short, 1) / closed(exact, 1), all: closed(short, STEPS) / closed(exact, STEPS) });
      }
      // How far the first step comes, and all of them: a bfloat16 sum of frozen product and adapter would lose nine tenths of the first.
      const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
      expect(mean(shares.map(({ first }) => first))).toBeGreaterThan(0.75);
      expect(mean(shares.map(({ all }) => all))).toBeGreaterThan(0.85);
      expect(mean(shares.map(({ all }) => all))).toBeLessThan(1.15);
    });
  });
}
