export * from './adapter-config.js';
export * from './adapter-file-names.js';
export * from './adapter-tensor-slots.js';
export * from './adapter-tensors.js';
export * from './lora-module.js';
export * from './optimizer-state.js';
export * from './read-adapter-files.js';
export * from './write-adapter-files.js';
