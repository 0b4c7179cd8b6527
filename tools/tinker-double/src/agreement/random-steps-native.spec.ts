import { createTensorBackend } from '@claas/tensor-backend';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { skippedTensorBackend } from '@claas/tensor-backend/testing';
import { randomStepsContract } from './random-steps.contract.js';

const nativeRuntime = nativeRuntimeDirectory(process.env);
const found = readNativeRuntime(nativeRuntime);

if (found.state === 'ready') {
  randomStepsContract('tensorflow in float32', () =>
    createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'F32' }),
  );
} else {
  skippedTensorBackend('tensorflow', found.reason);
}
