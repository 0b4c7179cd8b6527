export * from './distillation/index.js';
export { asClaasError } from './errors/as-claas-error.js';
export * from './preparation/index.js';
export * from './prompts/index.js';
export { AdapterLearner, GradientSum, SdpoStep } from './step/index.js';
export type { SampleEvaluation, StepEvaluation, StepOptions, StepSample } from './step/index.js';
