import { distill as learn } from '@claas/training';
import { mkdir } from 'node:fs/promises';
import type { MethodHandler } from './method-table.js';

/** Alone on the accelerator: a step and an answer together would need the memory of both. */
export const distill: MethodHandler<'distill'> = async (session, task, { signal, onProgress }) => {
  const model = session.requireModel(task.baseModel);
  return session.accelerator.run('exclusive', signal, async () => {
    await mkdir(task.outputDirectory, { recursive: true });
    return learn(model, task, { signal, onProgress });
  });
};
