import { resolve } from 'node:path';
import { distillationEngineContract } from '@claas/contracts/testing';
import { expect, it } from 'vitest';
import { LocalEngine } from './local-engine.js';
import type { TrainerLimits } from '@claas/trainer-client';
import { TrainerProcess } from './trainer-process.js';

const WORKSPACE = resolve(import.meta.dirname, '../../..');

/** The real trainer on the model that ships with the project. */
function realTrainer(limits: Partial<TrainerLimits> = {}): TrainerProcess {
  return new TrainerProcess({
    command: process.execPath,
    args: [resolve(WORKSPACE, 'apps/trainer/dist/main.js')],
    env: { CLAAS_TENSOR_BACKEND: 'wasm' },
    model: { modelDirectory: resolve(WORKSPACE, 'models/clay-tiny/model'), baseModel: 'clay-tiny' },
    limits,
  });
}

function signal(trainer: TrainerProcess, name: NodeJS.Signals): void {
  if (trainer.processId === null) throw new Error('There is no trainer to send a signal to.');
  process.kill(trainer.processId, name);
}

distillationEngineContract('local', () => {
  const trainer = realTrainer({ noProgressMs: 6_000 });
  const engine = new LocalEngine(trainer);
  return Promise.resolve({
    engine,
    baseModel: 'clay-tiny',
    crash: () => {
      signal(trainer, 'SIGKILL');
    },
    hang: () => {
      signal(trainer, 'SIGSTOP');
    },
    close: () => engine.close(),
  });
});

it('tells its health without starting the trainer, and what the trainer is once it runs', async () => {
  const trainer = realTrainer();
  const engine = new LocalEngine(trainer);
  try {
    expect(await engine.health()).toEqual({ ready: true, problem: null, details: { running: false } });
    expect(trainer.processId).toBeNull();
    await trainer.start();
    expect(await engine.health()).toMatchObject({
      ready: true,
      details: {
        running: true,
        processId: trainer.processId,
        tensorBackend: 'wasm',
        baseModel: 'clay-tiny',
        busy: false,
      },
    });
  } finally {
    await engine.close();
  }
});

it('is not ready when the base model can not be loaded, and says why', async () => {
  const trainer = new TrainerProcess({
    command: process.execPath,
    args: [resolve(WORKSPACE, 'apps/trainer/dist/main.js')],
    env: { CLAAS_TENSOR_BACKEND: 'wasm' },
    model: { modelDirectory: resolve(WORKSPACE, 'models/clay-tiny'), baseModel: 'clay-tiny' },
  });
  const engine = new LocalEngine(trainer);
  await expect(trainer.start()).rejects.toMatchObject({ code: 'base_model_invalid' });
  expect(await engine.health()).toMatchObject({ ready: false, problem: expect.stringContaining('models/clay-tiny') });
  await engine.close();
});
