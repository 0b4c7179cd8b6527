export { generate, generateTokens } from './generate.js';
export type { FinishReason, Generation, TokenSampling } from './generate.js';
export type { SampledToken, SamplingSettings, TokenLogprob } from './sample-token.js';
export { seededRandom } from './seeded-random.js';
