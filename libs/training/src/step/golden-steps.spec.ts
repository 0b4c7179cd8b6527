import { createTensorBackend } from '@claas/tensor-backend';
import { goldenStepsContract } from './golden-steps.contract.js';

goldenStepsContract('wasm', () => createTensorBackend('wasm'));
