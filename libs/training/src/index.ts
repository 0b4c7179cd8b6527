export { asClaasError } from './errors/as-claas-error.js';
export * from './distillation/index.js';
export * from './preparation/index.js';
export * from './prompts/index.js';
