export { distill } from './distill.js';
export type { DistillOptions } from './distill.js';
export { rolloutModel } from './distillation-context.js';
export type { DistillationContext } from './distillation-context.js';
