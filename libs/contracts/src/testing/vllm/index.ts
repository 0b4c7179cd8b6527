export { FaultTable, VLLM_CALLS } from './fault-table.js';
export type { VllmCallName, VllmFault } from './fault-table.js';
export type { ModelBackend } from './model-backend.js';
export { trainerModelBackend } from './trainer-model-backend.js';
export { VllmDouble } from './vllm-double.js';
export type { RecordedCall, VllmDoubleOptions } from './vllm-double.js';
export { VLLM_PROFILES } from './vllm-profile.js';
export type { VllmProfile, VllmRelease } from './vllm-profile.js';
