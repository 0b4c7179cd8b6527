/** How an adapter is made: the whole of a service's `lora_config` that changes anything. */
export interface LoraConfig {
  readonly rank: number;
  readonly seed: number | null;
  readonly trainAttention: boolean;
  readonly trainMlp: boolean;
}

export interface AdamParams {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 0 doesn't clip. */
  readonly gradClipNorm: number;
}

/** N tokens with K targets each: L = Σ −log p(target) · weight; row i is about the token after token i. */
export interface WeightedTargets {
  /** (N) */
  readonly tokenIds: Int32Array;
  readonly K: number;
  /** (N·K), row by row */
  readonly targets: Int32Array;
  /** (N·K), any real numbers */
  readonly weights: Float32Array;
}

export interface SamplingParams {
  readonly maxTokens: number | null;
  readonly temperature: number;
  readonly topP: number;
  /** 0 is off. */
  readonly topK: number;
  readonly seed: number;
  readonly stopTokenIds: readonly number[];
}

export interface SampledTokens {
  readonly tokenIds: readonly number[];
  /** At temperature 1. */
  readonly logprobs: readonly number[];
  readonly stopReason: 'stop' | 'length';
}

/** What a prompt's tokens say of themselves; position 0 has no log-prob. */
export interface ScoredPrompt {
  /** (T); the first is NaN */
  readonly logprobs: Float32Array;
  /** (T·k), best first; empty when k is 0 */
  readonly topIds: Int32Array;
  readonly topLogprobs: Float32Array;
}

/** An adapter that is being trained, with its optimizer and the gradients since the last update. */
export interface TrainableAdapter {
  /** Log-probs of the targets (N·K); adds to the gradients where asked. */
  differentiate(data: WeightedTargets, withGradient: boolean): Promise<Float32Array>;
  /** One AdamW update from the gradients, which are then zero; their norm before clipping. */
  update(params: AdamParams): Promise<number>;
  /** Takes the weights of a directory, and its optimizer's state where asked. */
  load(directory: string, withOptimizer: boolean): Promise<void>;
  /** Writes `adapter_model.safetensors` and `adapter_config.json`, and the optimizer's state where asked. */
  save(directory: string, withOptimizer: boolean): Promise<void>;
  dispose(): void;
}

/** The base model behind the double: real tokens, real gradients. `adapter` is a directory that `save` wrote, null the base. */
export interface TinkerModel {
  readonly name: string;
  readonly contextLength: number;
  readonly loraAlpha: number;
  create(config: LoraConfig): Promise<TrainableAdapter>;
  sample(adapter: string | null, prompt: readonly number[], params: SamplingParams): Promise<SampledTokens>;
  score(adapter: string | null, prompt: readonly number[], topK: number): Promise<ScoredPrompt>;
}
