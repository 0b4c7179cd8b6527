import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DistillationTask, GenerationRequest } from '@claas/contracts';
import type { TrainerLimits, TrainerLogRecord } from '@claas/trainer-client';
import { afterEach, beforeEach } from 'vitest';
import { TrainerProcess } from '../trainer-process.js';

const DOUBLE = fileURLToPath(new URL('../__fixtures__/trainer-double.mjs', import.meta.url));

/** Trainer processes whose program is a double of the trainer; they end with their test. */
export interface Trainers {
  /** What the trainers of this test have logged. */
  readonly logs: readonly TrainerLogRecord[];
  /** `atStart` is what the double does then; at a request it does what its text says. */
  start(limits?: Partial<TrainerLimits>, atStart?: string): TrainerProcess;
}

/** To be called once at the top of a test file. */
export function useTrainers(): Trainers {
  let folder: string;
  const logs: TrainerLogRecord[] = [];
  const trainers: TrainerProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claas-trainer-process-'));
  });
  afterEach(async () => {
    await Promise.all(trainers.splice(0).map((trainer) => trainer.close()));
    logs.length = 0;
    await rm(folder, { recursive: true });
  });
  return {
    logs,
    start: (limits = {}, atStart = 'well') => {
      const trainer = new TrainerProcess({
        command: process.execPath,
        args: [DOUBLE, atStart, join(folder, 'marker')],
        env: {},
        model: { modelDirectory: '/nowhere', baseModel: 'double' },
        limits: { stopMs: 2_000, backoffMs: 200, ...limits },
        onLog: (record) => logs.push(record),
      });
      trainers.push(trainer);
      return trainer;
    },
  };
}

/** A request that the double answers as `text` says. */
export function ask(text: string): GenerationRequest & { adapter: null } {
  const sampling = { temperature: 0, topP: null, topK: null, seed: null, maxTokens: 1, stop: [], topLogprobs: 0 };
  return { prompt: { kind: 'text', text }, sampling, adapter: null };
}

/** What the double reads of a task. */
export function task(feedback: string): DistillationTask {
  return { feedback } as DistillationTask;
}

export function isAlive(processId: number | null): boolean {
  if (processId === null) return false;
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
