export * from './distill.js';
export * from './distillation-context.js';
