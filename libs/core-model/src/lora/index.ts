export { LoraAdapter } from './lora-adapter.js';
export type { LoraInitialisation, LoraShape } from './lora-adapter.js';
export { LoraGradients } from './lora-gradients.js';
