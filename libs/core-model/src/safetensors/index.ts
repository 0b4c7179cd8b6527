export * from './number-formats.js';
export * from './safetensors-file.js';
export * from './safetensors-header.js';
export * from './weight-files.js';
export * from './write-safetensors.js';
