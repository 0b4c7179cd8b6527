export { generate } from './generate.js';
export type { Generation } from './generate.js';
export { generateTokens } from './generate-tokens.js';
export type { FinishReason, GenerationStep, TokenSampling } from './generate-tokens.js';
export type { TextSampling } from './resolve-sampling.js';
export type { SampledToken, SamplingDistribution, TokenLogprob } from './sample-token.js';
export { TextGenerator } from './text-generator.js';
export type { TextGeneration, TextGenerationOptions, TextToken, TextTokenAlternative } from './text-generator.js';
