export type { TinkerCall, TinkerFault, TinkerFaultKind } from './fault-table.js';
export { TinkerDouble } from './tinker-double.js';
export type { TinkerDoubleOptions, TinkerDoubleState } from './tinker-double.js';
export { TinkerDoubleProcess } from './tinker-double-process.js';
export type { TinkerDoubleProcessOptions } from './tinker-double-process.js';
export type {
  AdamParams,
  LoraConfig,
  SampledTokens,
  SamplingParams,
  ScoredPrompt,
  TinkerModel,
  TrainableAdapter,
  WeightedTargets,
} from './tinker-model.js';
