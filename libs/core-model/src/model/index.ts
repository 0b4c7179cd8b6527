export * from './computation-errors.js';
export { hiddenStates } from './forward-pass.js';
export type { PassOptions, RowOptions } from './forward-pass.js';
export { LanguageModel } from './language-model.js';
export type { LoadOptions } from './language-model.js';
export { TrainingPass } from './training-pass.js';
export type { TrainingPassOptions } from './training-pass.js';
