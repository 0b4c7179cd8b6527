import { mkdtemp, readdir, rm, writeFile, copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseAdapterId } from '../adapter/adapter-id.js';
import { LORA_MODULES } from '../adapter/adapter-manifest.js';
import type { InitAdapterRequest } from '../engine/distillation-engine.js';
import type {
  AdapterSource,
  DistillationProgress,
  DistillationResult,
  DistillationTask,
} from '../engine/distillation-task.js';
import { DEFAULT_TRAINING_SETTINGS } from '../engine/training-settings.js';
import type { TrainingSettings } from '../engine/training-settings.js';
import { contractCase } from './contract-case.js';
import type { OptOuts } from './contract-case.js';
import type { DistillationEngineCase, DistillationEngineSubject } from './distillation-engine-subject.js';
import { exampleRollout } from './example-rollout.js';
import { fingerprint as fingerprintOf } from './version-files.js';

const PEFT_FILES = ['adapter_config.json', 'adapter_model.safetensors'];
const OPTIMIZER_FILE = 'optimizer.safetensors';

/** Holds a DistillationEngine to its guarantees. Steps are small, but they are real. */
export function distillationEngineContract(
  name: string,
  open: () => Promise<DistillationEngineSubject>,
  optOuts: OptOuts<DistillationEngineCase> = {},
): void {
  describe(`DistillationEngine: ${name}`, () => {
    let subject: DistillationEngineSubject;
    let root: string;
    let parent: AdapterSource;

    /** The files that were learned, by their content. */
    const fingerprint = async (directory: string): Promise<Readonly<Record<string, string>>> => {
      const files = Object.entries(await fingerprintOf(directory));
      return Object.fromEntries(files.filter(([name]) => name !== subject.referenceFile));
    };
    const filesOf = async (directory: string): Promise<string[]> => Object.keys(await fingerprintOf(directory));
    const untrainedFiles = (): string[] => [...PEFT_FILES, ...[subject.referenceFile ?? []].flat()];
    const trainedFiles = (): string[] => [...PEFT_FILES, subject.referenceFile ?? OPTIMIZER_FILE];

    const stage = (): Promise<string> => mkdtemp(join(root, 'staged-'));

    const initRequest = (outputDirectory: string, seed: number): InitAdapterRequest => ({
      baseModel: subject.baseModel,
      rank: 4,
      loraAlpha: 8,
      targetModules: LORA_MODULES,
      seed,
      outputDirectory,
    });

    const task = async (
      changes: Partial<DistillationTask> = {},
      settings: Partial<TrainingSettings> = {},
    ): Promise<DistillationTask> => ({
      feedbackId: 'feedback-1',
      baseModel: subject.baseModel,
      parent,
      rollout: exampleRollout('The capital of France is Paris! 😀'),
      feedback: 'Do not use emojis.',
      settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 1e-3, ...settings },
      outputDirectory: await stage(),
      ...changes,
    });

    /** A task that takes long enough to be interrupted, and a way to wait until it is in the middle. */
    const longTask = () => task({ feedbackId: 'feedback-long' }, { steps: 16 });
    const inTheMiddle = ({ phase }: DistillationProgress): boolean => phase === 'backward' || phase === 'update';

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'claas-engine-contract-'));
      subject = await open();
      parent = { loraId: parseAdapterId('contract/adapter'), version: 0, directory: await stage() };
      await subject.engine.initAdapter(initRequest(parent.directory, 1));
    }, 120_000);

    afterAll(async () => {
      await subject.close();
      await rm(root, { recursive: true });
    });

    const check = (caseName: DistillationEngineCase, run: () => Promise<void>): void => {
      contractCase(optOuts, caseName, run);
    };

    check('writes an untrained adapter that it can read: the same seed gives the same bytes', async () => {
      const [again, other] = [await stage(), await stage()];
      await subject.engine.initAdapter(initRequest(again, 1));
      await subject.engine.initAdapter(initRequest(other, 2));
      const written = await fingerprint(parent.directory);
      expect(await filesOf(parent.directory)).toEqual(untrainedFiles());
      expect(await fingerprint(again)).toEqual(written);
      expect(await fingerprint(other)).not.toEqual(written);
      expect(await subject.engine.inspectAdapter({ directory: again, baseModel: subject.baseModel })).toEqual({
        baseModel: subject.baseModel,
        rank: 4,
        loraAlpha: 8,
        targetModules: LORA_MODULES,
      });
    });

    check('refuses to write an adapter of another base model', async () => {
      const request = { ...initRequest(await stage(), 1), baseModel: 'nobody/has-this-one' };
      await expect(subject.engine.initAdapter(request)).rejects.toMatchObject({ code: 'base_model_not_allowed' });
      expect(await readdir(request.outputDirectory)).toEqual([]);
    });

    check('refuses a foreign adapter with damaged weights', async () => {
      const directory = await stage();
      await copyFile(join(parent.directory, 'adapter_config.json'), join(directory, 'adapter_config.json'));
      await writeFile(join(directory, 'adapter_model.safetensors'), 'these are no weights at all');
      const inspected = subject.engine.inspectAdapter({ directory, baseModel: subject.baseModel });
      await expect(inspected).rejects.toMatchObject({ code: 'adapter_incompatible' });
    });

    check('prepares the tokens that a step then learns from', async () => {
      const step = await task();
      const prepared = await subject.engine.prepare(step);
      expect(prepared.promptTokenIds.length).toBeGreaterThan(0);
      expect(prepared.responseTokenIds.length).toBeGreaterThan(0);
      expect((await subject.engine.distill(step)).rollout).toEqual(prepared);
    });

    check('refuses what can not be learned from, before and in a step', async () => {
      const good = await task();
      const refused = [
        ['response_empty', { rollout: { ...good.rollout, response: { text: '' } } }],
        ['response_empty', { rollout: { ...good.rollout, response: { tokenIds: [] } } }],
        ['rollout_logprobs_mismatch', { rollout: { ...good.rollout, rolloutLogprobs: [-1, -2] } }],
        [
          'context_too_long',
          { rollout: { ...good.rollout, response: { text: 'Paris is in France. '.repeat(20_000) } } },
        ],
        ['base_model_not_allowed', { baseModel: 'nobody/has-this-one' }],
      ] as const;
      for (const [code, changes] of refused) {
        const bad = await task(changes);
        await expect(subject.engine.prepare(bad)).rejects.toMatchObject({ code });
        await expect(subject.engine.distill(bad)).rejects.toMatchObject({ code });
        expect(await readdir(bad.outputDirectory)).toEqual([]);
      }
    });

    check('takes a step that closes the gap, and leaves a complete new version', async () => {
      const step = await task();
      const { metrics, receipt, rollout, responseLogprobs, parentResponseLogprobs } =
        await subject.engine.distill(step);
      const T = rollout.responseTokenIds.length;
      expect(receipt.gapAfter).toBeLessThan(receipt.gapBefore);
      expect(receipt.tokens.map(({ tokenId }) => tokenId)).toEqual(rollout.responseTokenIds);
      expect(receipt.adapterChange).toBeGreaterThan(0);
      expect(metrics).toMatchObject({ tokensProcessed: T, teacherMode: 'self', steps: 1 });
      for (const logprobs of [responseLogprobs, parentResponseLogprobs]) {
        expect(logprobs).toHaveLength(T);
        expect(logprobs.every((logprob) => Number.isFinite(logprob) && logprob <= 0)).toBe(true);
      }
      expect(responseLogprobs).not.toEqual(parentResponseLogprobs);
      expect(await filesOf(step.outputDirectory)).toEqual(trainedFiles());
      const made = { directory: step.outputDirectory, baseModel: subject.baseModel };
      expect(await subject.engine.inspectAdapter(made)).toMatchObject({ rank: 4, loraAlpha: 8 });
    });

    check('leaves the parent as it was', async () => {
      const before = await fingerprint(parent.directory);
      await subject.engine.distill(await task());
      expect(await fingerprint(parent.directory)).toEqual(before);
    });

    check('gives the same bytes for the same task', async () => {
      const [first, second] = [await task({}, { steps: 2 }), await task({}, { steps: 2 })];
      const results = [await subject.engine.distill(first), await subject.engine.distill(second)];
      expect(withoutCost(results[1]!)).toEqual(withoutCost(results[0]!));
      expect(await fingerprint(second.outputDirectory)).toEqual(await fingerprint(first.outputDirectory));
    });

    check('continues from a version that it made', async () => {
      const first = await task();
      const before = await subject.engine.distill(first);
      const made = { ...parent, version: 1, directory: first.outputDirectory };
      const second = await task({ parent: made, feedbackId: 'feedback-2' });
      const after = await subject.engine.distill(second);
      expect(after.parentResponseLogprobs).toEqual(before.responseLogprobs);
      expect(after.receipt.gapBefore).toBeCloseTo(before.receipt.gapAfter, 5);
      expect(await fingerprint(second.outputDirectory)).not.toEqual(await fingerprint(first.outputDirectory));
    });

    check('tells how far it is', async () => {
      const seen: DistillationProgress[] = [];
      await subject.engine.distill(await task(), { onProgress: (progress) => seen.push(progress) });
      const fractions = seen.map(({ fraction }) => fraction);
      expect(fractions.length).toBeGreaterThan(2);
      expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
      expect(fractions.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
    });

    check('refuses at once what is already cancelled', async () => {
      const step = await task();
      const options = { signal: AbortSignal.abort() };
      await expect(subject.engine.distill(step, options)).rejects.toMatchObject({ code: 'cancelled' });
      expect(await readdir(step.outputDirectory)).toEqual([]);
    });

    check('ends a cancelled step, and has nothing left of it', async () => {
      const expected = await task({}, { steps: 2 });
      await subject.engine.distill(expected);
      const before = [await fingerprint(parent.directory), (await readdir(root)).length];

      const step = await longTask();
      const controller = new AbortController();
      const cancelled = subject.engine.distill(step, {
        signal: controller.signal,
        onProgress: (progress) => {
          if (inTheMiddle(progress)) controller.abort();
        },
      });
      await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
      expect(controller.signal.aborted).toBe(true);
      expect(await readdir(step.outputDirectory)).toEqual([]);
      await rm(step.outputDirectory, { recursive: true });
      expect([await fingerprint(parent.directory), (await readdir(root)).length]).toEqual(before);

      const again = await task({}, { steps: 2 });
      await subject.engine.distill(again);
      expect(await fingerprint(again.outputDirectory)).toEqual(await fingerprint(expected.outputDirectory));
    });

    check('orders steps that overlap, without mixing them', async () => {
      const tasks = await Promise.all(
        ['Do not use emojis.', 'Answer in one word.'].map((feedback) => task({ feedback, feedbackId: feedback })),
      );
      const alone = await Promise.all(tasks.map(async (step) => ({ ...step, outputDirectory: await stage() })));
      await Promise.all(tasks.map((step) => subject.engine.distill(step)));
      for (const step of alone) await subject.engine.distill(step);
      const outputs = async (steps: readonly DistillationTask[]) =>
        Promise.all(steps.map(({ outputDirectory }) => fingerprint(outputDirectory)));
      const [together, oneByOne] = [await outputs(tasks), await outputs(alone)];
      expect(together).toEqual(oneByOne);
      expect(together[0]).not.toEqual(together[1]);
    });

    /** Interrupts a step in its middle, and shows that it left nothing and that the engine goes on. */
    const interrupted = async (interrupt: () => void, code: string): Promise<void> => {
      const before = await fingerprint(parent.directory);
      const expected = await task();
      await subject.engine.distill(expected);

      let isInterrupted = false;
      const step = await longTask();
      const failed = subject.engine.distill(step, {
        onProgress: (progress) => {
          if (isInterrupted || !inTheMiddle(progress)) return;
          isInterrupted = true;
          interrupt();
        },
      });
      await expect(failed).rejects.toMatchObject({ code });
      expect(isInterrupted).toBe(true);
      expect(await fingerprint(parent.directory)).toEqual(before);

      const again = await task();
      await subject.engine.distill(again);
      expect(await fingerprint(again.outputDirectory)).toEqual(await fingerprint(expected.outputDirectory));
      expect(Object.keys(await fingerprint(step.outputDirectory))).not.toContain('adapter_model.safetensors');
    };

    check('reports a crash in the middle of a step, and works at the next call', () =>
      interrupted(() => {
        subject.crash();
      }, 'trainer_crashed'),
    );

    check('reports a hang in the middle of a step, and works at the next call', () =>
      interrupted(() => {
        subject.hang();
      }, 'trainer_unresponsive'),
    );
  });
}

/** What must be the same each time: how long it took is not. */
function withoutCost(result: DistillationResult): object {
  return { ...result, receipt: { ...result.receipt, compute: undefined } };
}
