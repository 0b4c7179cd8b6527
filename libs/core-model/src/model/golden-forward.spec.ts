import { createTensorBackend } from '@claas/tensor-backend';
import { goldenForwardContract } from './golden-forward.contract.js';

goldenForwardContract('wasm', () => createTensorBackend('wasm'));
