export { AdapterLearner } from './adapter-learner.js';
export { throwIfCancelled } from './event-loop.js';
export { GradientSum } from './gradient-sum.js';
export { SdpoStep } from './sdpo-step.js';
export type { StepOptions } from './sdpo-step.js';
export type { SampleEvaluation, StepEvaluation } from './step-evaluation.js';
export type { StepSample } from './step-sample.js';
