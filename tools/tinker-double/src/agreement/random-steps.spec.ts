import { createTensorBackend } from '@claas/tensor-backend';
import { randomStepsContract } from './random-steps.contract.js';

randomStepsContract('wasm', () => createTensorBackend('wasm'));
