import { readAdapterFiles } from '@claas/core-model';
import type { MethodHandler } from './method-table.js';

/** Reads every tensor, but computes nothing, so it waits for nobody. */
export const inspect: MethodHandler<'inspect'> = async (session, { directory, baseModel }) => {
  const { model } = session.requireModel(baseModel);
  const { rank, loraAlpha, targetModules } = await readAdapterFiles(directory, model.config);
  return { baseModel, rank, loraAlpha, targetModules };
};
