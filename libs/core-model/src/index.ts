export * from './adapter-files/index.js';
export * from './config/index.js';
export * from './errors/index.js';
export * from './safetensors/index.js';
export * from './text/index.js';
