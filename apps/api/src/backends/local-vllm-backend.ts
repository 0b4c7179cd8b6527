import { LocalEngine } from '@claas/engine-local';
import { FsAdapterStore } from '@claas/storage-fs';
import { BFLOAT16_TOLERANCE, CompletionRelay, FLOAT32_TOLERANCE, VllmServing } from '@claas/vllm-control';
import type { Logger } from 'pino';
import type { LocalSettings, VllmServerSettings } from '../config/settings.js';
import type { Backend } from './backend.js';
import { createTeacher } from './create-teacher.js';
import { createTrainer } from './create-trainer.js';
import { readDefaultTemperature } from './default-temperature.js';

/** How long a request waits for a server that went away to come back. */
const UNREACHABLE_MS = 10_000;
/** Where several processes share the server: long enough for the others to hear of a new version before the old one goes. */
const RETAIN_MS = 10_000;

/** Steps in a trainer process on this machine, answers from a vLLM server, adapters in a directory that both see. */
export async function openLocalVllmBackend(
  settings: LocalSettings & { readonly vllm: VllmServerSettings },
  logger: Logger,
): Promise<Backend> {
  const trainer = createTrainer(settings, logger);
  const store = new FsAdapterStore({ root: settings.loraRoot });
  await store.open();
  const serving = createServing(settings, logger.child({ server: 'vllm' }));
  const relay = new CompletionRelay(serving, {
    answerMs: settings.vllm.answerTimeoutMs,
    unreachableMs: UNREACHABLE_MS,
    defaultTemperature: await readDefaultTemperature(settings.baseModel.directory),
  });
  return {
    engine: new LocalEngine(trainer, createTeacher(settings.teacher)),
    store,
    serving,
    relay,
    publishesOnDemand: true,
    warmUp: async () => {
      await trainer.start();
    },
    close: async () => {
      await relay.close();
      await serving.close();
    },
  };
}

function createServing(
  { vllm, baseModel, loraRoot, databaseUrl }: LocalSettings & { readonly vllm: VllmServerSettings },
  logger: Logger,
): VllmServing {
  return new VllmServing({
    baseUrl: vllm.baseUrl,
    apiKey: vllm.apiKey,
    baseModelName: vllm.model ?? baseModel.name,
    asksForBaseModelName: vllm.model === null,
    adapterDirectoryMapping: vllm.loraRoot === null ? null : { from: loraRoot, to: vllm.loraRoot },
    tolerance: vllm.dtype === 'float32' ? FLOAT32_TOLERANCE : BFLOAT16_TOLERANCE,
    timeouts: { asleepMs: vllm.asleepTimeoutMs, tokenMs: vllm.answerTimeoutMs, unreachableMs: UNREACHABLE_MS },
    releasesAccelerator: vllm.sharesAccelerator,
    scoresAlone: vllm.scoresAlone,
    retainMs: databaseUrl === null ? 0 : RETAIN_MS,
    freeMemory: { bytes: vllm.minFreeBytes, timeoutMs: vllm.freeMemoryTimeoutMs },
    onWarning: (message, details) => {
      logger.warn(details, message);
    },
  });
}
