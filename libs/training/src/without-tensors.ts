/** What of this library needs no TensorFlow.js: for engines whose tensors are elsewhere. */
export { PhaseProgress } from './distillation/phase-progress.js';
export { asClaasError } from './errors/as-claas-error.js';
export { stepWarnings } from './receipt/step-warnings.js';
export { tokenTexts } from './receipt/token-texts.js';
export * from './preparation/index.js';
export * from './prompts/index.js';
