/** What of this library needs no TensorFlow.js: for programs whose model computes elsewhere. */
export * from './adapter-files/index.js';
export * from './base-model/index.js';
export { readGenerationDefaults } from './config/generation-defaults.js';
export type { GenerationDefaults } from './config/generation-defaults.js';
export * from './errors/index.js';
export { resolveSampling } from './generation/resolve-sampling.js';
export type { TextSampling } from './generation/resolve-sampling.js';
export { StopStringFilter } from './generation/stop-string-filter.js';
export { SafetensorsFile } from './safetensors/safetensors-file.js';
export * from './text/index.js';
