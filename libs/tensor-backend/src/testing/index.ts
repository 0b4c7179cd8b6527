export { skippedTensorBackend, tensorBackendContract } from './tensor-backend.contract.js';
export type { TensorBackendContractOptions } from './tensor-backend.contract.js';
