import { TinkerDouble } from '@claas/contracts/testing/tinker';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackendChoice } from '@claas/tensor-backend';
import { nativeRuntimeDirectory } from '@claas/tensor-backend/native-runtime';
import { ClayModel } from './model/clay-model.js';
import { readOptions, USAGE } from './options/options.js';
import type { Options } from './options/options.js';

async function serve({ modelDirectory, modelName, ...options }: Options): Promise<void> {
  const choice = (process.env['CLAAS_TENSOR_BACKEND'] ?? 'auto') as TensorBackendChoice;
  const nativeRuntime = nativeRuntimeDirectory(process.env);
  const backend = await createTensorBackend(choice, { nativeRuntime, frozenFormat: 'F32' });
  const model = await ClayModel.load(modelDirectory, modelName, backend);
  const double = await TinkerDouble.start({ model, ...options });
  console.log(double.url);
  console.error(`A Tinker service with ${modelName} is at ${double.url}. In another terminal:

  CLAAS_DISTILL_EXECUTION_MODE=tinker CLAAS_TINKER_BASE_URL=${double.url} CLAAS_TINKER_API_KEY=${options.apiKey} \\
  CLAAS_TINKER_BASE_MODEL=${modelName} npm start

Ctrl-C ends it.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(USAGE);
  else await serve(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
