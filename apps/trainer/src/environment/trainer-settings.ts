import { hubCacheDirectory } from '@claas/core-model';
import type { LocateBaseModelOptions } from '@claas/core-model';
import type { TensorBackendChoice } from '@claas/tensor-backend';
import { nativeRuntimeDirectory } from '@claas/tensor-backend/native-runtime';
import { ClaasError } from '@claas/contracts';

/** What a trainer is told by its environment; everything else comes with requests. */
export interface TrainerSettings {
  readonly tensorBackend: TensorBackendChoice;
  /** Where tools/native-runtime puts the native TensorFlow library, there or not. */
  readonly nativeRuntime: string;
  /** Where the trainer that runs here says which process it is; null where its parent is sure to take it along. */
  readonly processFile: string | null;
  /** The longest that a living parent says nothing; null where its death closes stdin. */
  readonly silenceLimitMs: number | null;
  readonly hub: Pick<LocateBaseModelOptions, 'cacheDirectory' | 'endpoint' | 'token' | 'offline'>;
}

const TENSOR_BACKENDS: readonly TensorBackendChoice[] = ['auto', 'tensorflow', 'wasm'];

/** @throws ClaasError `trainer_failed_to_start` for an unknown `CLAAS_TENSOR_BACKEND` */
export function trainerSettings(environment: Readonly<Record<string, string | undefined>>): TrainerSettings {
  const chosen = environment['CLAAS_TENSOR_BACKEND'] ?? 'auto';
  const tensorBackend = TENSOR_BACKENDS.find((backend) => backend === chosen);
  if (tensorBackend === undefined) {
    throw new ClaasError(
      'trainer_failed_to_start',
      `CLAAS_TENSOR_BACKEND is ${chosen}; set it to one of ${TENSOR_BACKENDS.join(', ')}.`,
    );
  }
  const silenceLimit = Number(environment['CLAAS_TRAINER_SILENCE_LIMIT_S'] ?? 0);
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token, HF_HUB_OFFLINE: offline } = environment;
  return {
    tensorBackend,
    nativeRuntime: nativeRuntimeDirectory(environment),
    processFile: environment['CLAAS_TRAINER_PROCESS_FILE'] ?? null,
    silenceLimitMs: silenceLimit > 0 ? silenceLimit * 1000 : null,
    hub: {
      cacheDirectory: hubCacheDirectory(environment),
      token: token ?? null,
      offline: /^(1|on|yes|true)$/i.test(offline ?? ''),
      ...(endpoint !== undefined && endpoint !== '' && { endpoint }),
    },
  };
}
