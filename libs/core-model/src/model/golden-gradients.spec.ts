import { createTensorBackend } from '@claas/tensor-backend';
import { goldenGradientsContract } from './golden-gradients.contract.js';

goldenGradientsContract('wasm', () => createTensorBackend('wasm'));
