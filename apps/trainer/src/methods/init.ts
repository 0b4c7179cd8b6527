import { mkdir } from 'node:fs/promises';
import { ClaasError, LORA_MODULES } from '@claas/contracts';
import { LoraAdapter, writeAdapterFiles } from '@claas/core-model';
import type { MethodHandler } from './method-table.js';

/** Small and quick, so it waits for nobody. */
export const init: MethodHandler<'init'> = async (session, request) => {
  const { model } = session.requireModel(request.baseModel);
  assertKnownModules(request.targetModules);
  const adapter = LoraAdapter.initialise(model.config, request);
  try {
    await mkdir(request.outputDirectory, { recursive: true });
    await writeAdapterFiles(request.outputDirectory, await adapter.toFiles(request.baseModel));
    return null;
  } finally {
    adapter.dispose();
  }
};

function assertKnownModules(targetModules: readonly string[]): void {
  const unknown = targetModules.filter((name) => !LORA_MODULES.some((module) => module === name));
  if (unknown.length === 0 && targetModules.length > 0) return;
  throw new ClaasError(
    'target_module_unknown',
    `${unknown.length === 0 ? 'No target modules are named' : `There is no linear module ${unknown.join(', ')}`}; choose from ${LORA_MODULES.join(', ')}.`,
    { unknown, known: LORA_MODULES },
  );
}
