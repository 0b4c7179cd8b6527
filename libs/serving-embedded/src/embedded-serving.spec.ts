import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ClaasError, DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId, TrainerChannel } from '@claas/contracts';
import type {
  GenerationSummary,
  TrainerCallOptions,
  TrainerHealth,
  TrainerMethod,
  TrainerMethods,
} from '@claas/contracts';
import { exampleRollout, PlainTrainerChannel, servingControlContract } from '@claas/contracts/testing';
import { describe, expect, it } from 'vitest';
import { EmbeddedServing } from './embedded-serving.js';

const WORKSPACE = resolve(import.meta.dirname, '../../..');
const BASE_MODEL = 'clay-tiny';

/** Trains version 1 of a new adapter, through the trainer itself. */
async function train(trainer: TrainerChannel, root: string, id: string, feedback: string) {
  const loraId = parseAdapterId(id);
  const [parent, directory] = [await mkdtemp(join(root, 'version-0-')), await mkdtemp(join(root, 'version-1-'))];
  await trainer.call('init', {
    baseModel: BASE_MODEL,
    rank: 8,
    loraAlpha: 16,
    targetModules: LORA_MODULES,
    seed: 1,
    outputDirectory: parent,
  });
  const result = await trainer.call('distill', {
    feedbackId: id,
    baseModel: BASE_MODEL,
    parent: { loraId, version: 0, directory: parent },
    outputDirectory: directory,
    feedback,
    rollout: exampleRollout("It's Paris, the capital of France! 😀"),
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 3e-3, steps: 2 },
  });
  return { source: { loraId, version: 1, directory }, result };
}

servingControlContract(
  'embedded in the trainer',
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'claas-serving-contract-'));
    const trainer = new PlainTrainerChannel(
      resolve(WORKSPACE, 'apps/trainer/dist/main.js'),
      { modelDirectory: resolve(WORKSPACE, 'models/clay-tiny/model'), baseModel: BASE_MODEL },
      { CLAAS_TENSOR_BACKEND: 'wasm' },
    );
    return {
      serving: new EmbeddedServing(trainer),
      train: (loraId, feedback) => train(trainer, root, loraId, feedback),
      crash: () => void trainer.kill(),
      close: async () => {
        await trainer.kill();
        await rm(root, { recursive: true });
      },
    };
  },
  {
    'gives up and takes back the accelerator as often as it is told':
      'it shares the trainer with the engine and declares releasesAccelerator: false, so nobody asks it to',
  },
);

/** A trainer whose calls end as they are told, one after the other: with a crash, before or after a token, or with an answer. */
class ScriptedTrainer extends TrainerChannel {
  calls = 0;

  constructor(private readonly script: readonly ('crash' | 'hang' | 'refuse' | 'token, then crash' | 'answer')[]) {
    super();
  }

  override call<M extends TrainerMethod>(
    _method: M,
    _params: TrainerMethods[M]['params'],
    options: TrainerCallOptions<M> = {},
  ): Promise<TrainerMethods[M]['result']> {
    const behaviour = this.script[this.calls] ?? 'crash';
    this.calls += 1;
    if (behaviour.startsWith('token')) options.onProgress?.({ text: 'Hel' } as never);
    if (behaviour === 'answer') return Promise.resolve({ text: 'Hello' } as GenerationSummary as never);
    const codes = { hang: 'trainer_unresponsive', refuse: 'context_too_long' } as const;
    const code = behaviour === 'hang' || behaviour === 'refuse' ? codes[behaviour] : 'trainer_crashed';
    return Promise.reject(new ClaasError(code, behaviour));
  }

  override health(): Promise<TrainerHealth> {
    return Promise.resolve({ running: false, problem: 'libdouble.so is missing', status: null });
  }
}

describe('EmbeddedServing, when the trainer dies', () => {
  const request = {
    prompt: { kind: 'text' as const, text: 'Hi' },
    sampling: { temperature: 0, topP: null, topK: null, seed: null, maxTokens: 1, stop: [], topLogprobs: 0 },
  };
  const base = { kind: 'base' as const };
  const scoring = { prompt: request.prompt, completion: { text: 'Hello' } };

  it.each(['crash', 'hang'] as const)('asks again, once, after a %s before the first token', async (failure) => {
    const trainer = new ScriptedTrainer([failure, 'answer']);
    expect(await new EmbeddedServing(trainer).generate(base, request)).toMatchObject({ text: 'Hello' });
    expect(trainer.calls).toBe(2);
  });

  it('gives up after the second crash', async () => {
    const trainer = new ScriptedTrainer(['crash', 'crash', 'answer']);
    await expect(new EmbeddedServing(trainer).generate(base, request)).rejects.toMatchObject({
      code: 'trainer_crashed',
    });
    expect(trainer.calls).toBe(2);
  });

  it('never asks again once a token was given out', async () => {
    const trainer = new ScriptedTrainer(['token, then crash', 'answer']);
    const texts: string[] = [];
    const answer = new EmbeddedServing(trainer).generate(base, request, { onToken: ({ text }) => texts.push(text) });
    await expect(answer).rejects.toMatchObject({ code: 'trainer_crashed' });
    expect(trainer.calls).toBe(1);
    expect(texts).toEqual(['Hel']);
  });

  it('does not ask again for what the trainer refused, nor for what was aborted', async () => {
    const refusing = new ScriptedTrainer(['refuse', 'answer']);
    await expect(new EmbeddedServing(refusing).generate(base, request)).rejects.toMatchObject({
      code: 'context_too_long',
    });
    expect(refusing.calls).toBe(1);
    const crashing = new ScriptedTrainer(['crash', 'answer']);
    const aborted = new EmbeddedServing(crashing).generate(base, request, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'trainer_crashed' });
    expect(crashing.calls).toBe(1);
  });

  it('scores again, once', async () => {
    const trainer = new ScriptedTrainer(['crash', 'answer']);
    await new EmbeddedServing(trainer).score(base, scoring);
    expect(trainer.calls).toBe(2);
  });

  it('refuses to verify a version that is not the published one', async () => {
    const serving = new EmbeddedServing(new ScriptedTrainer([]));
    const loraId = parseAdapterId('user/model');
    await serving.publish({ loraId, version: 3, directory: '/nowhere' });
    const expected = { promptTokenIds: [1], responseTokenIds: [2], logprobs: [-1] };
    await expect(serving.verify({ loraId, version: 2 }, expected)).rejects.toMatchObject({
      code: 'verification_failed',
    });
  });

  it('says in its health why it can not answer', async () => {
    expect(await new EmbeddedServing(new ScriptedTrainer([])).health()).toEqual({
      ready: false,
      problem: 'libdouble.so is missing',
      details: { running: false, published: 0 },
    });
  });
});
