import { ClaasError } from '@claas/contracts';
import type { LoadProgress, TrainerMethods } from '@claas/contracts';
import { LanguageModel, locateBaseModel } from '@claas/core-model';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import type { TrainerSettings } from '../environment/trainer-settings.js';
import { frozenFormatFor } from '../precision/frozen-format.js';
import { throttle } from '../progress/throttle.js';
import { LoadedModel } from '../session/loaded-model.js';
import type { TrainerSession } from '../session/trainer-session.js';
import type { MethodHandler } from './method-table.js';

const PROGRESS_INTERVAL_MS = 200;

/** Finds the base model (and downloads it where it must), starts the tensor backend and reads the weights. */
export const load: MethodHandler<'load'> = async (session, names, { signal, onProgress }) => {
  const report = throttle<LoadProgress>(
    onProgress,
    PROGRESS_INTERVAL_MS,
    ({ loadedBytes, totalBytes }) => loadedBytes === totalBytes,
  );
  await session.accelerator.run('exclusive', signal, async () => {
    if (session.model === null) session.hold(await read(session, names, signal, report));
    else assertSame(session.model, names);
  });
  return session.status();
};

async function read(
  { settings }: TrainerSession,
  names: TrainerMethods['load']['params'],
  signal: AbortSignal,
  report: (progress: LoadProgress) => void,
): Promise<LoadedModel> {
  const directory = await locateBaseModel(names.modelDirectory, {
    ...settings.hub,
    signal,
    onProgress: ({ loadedBytes, totalBytes }) => {
      report({ phase: 'downloading', loadedBytes, totalBytes });
    },
  });
  const backend = await startBackend(settings, await frozenFormatFor(directory));
  return LoadedModel.read(names, directory, (weights) =>
    LanguageModel.load(weights, backend, {
      signal,
      onProgress: (progress) => {
        report({ phase: 'reading', ...progress });
      },
    }),
  );
}

function assertSame(loaded: LoadedModel, asked: TrainerMethods['load']['params']): void {
  if (loaded.baseModel === asked.baseModel && loaded.modelDirectory === asked.modelDirectory) return;
  throw new ClaasError(
    'base_model_not_allowed',
    `This trainer holds ${loaded.baseModel} from ${loaded.modelDirectory}, and a process holds one base model. Start another for ${asked.baseModel} from ${asked.modelDirectory}.`,
    { loaded: loaded.baseModel, base_model: asked.baseModel },
  );
}

async function startBackend(
  { tensorBackend: choice, nativeRuntime }: TrainerSettings,
  frozenFormat: 'F32' | undefined,
): Promise<TensorBackend> {
  try {
    return await createTensorBackend(choice, { nativeRuntime, ...(frozenFormat && { frozenFormat }) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClaasError('trainer_failed_to_start', reason, { tensor_backend: choice }, { cause: error });
  }
}
