export { bucketDivergence } from './bucket-divergence.js';
export type { Support } from './bucket-divergence.js';
export { evaluateSdpo } from './sdpo-evaluation.js';
export type { PositionLogprobs, SdpoEvaluation, SdpoInput, SdpoLossSettings } from './sdpo-evaluation.js';
