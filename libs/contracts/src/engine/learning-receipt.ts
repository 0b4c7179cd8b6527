/** What one response token says of the feedback. */
export interface TokenSignal {
  readonly tokenId: number;
  /** This token's own text; the pieces joined are the response. */
  readonly text: string;
  /** log T(y_t) − log S(y_t) before the step: positive where the teacher likes the token better. */
  readonly signal: number;
}

/** What a step cost where compute is rented. */
export interface StepCompute {
  /** As the provider names it. */
  readonly gpu: string;
  /** From asking for the step until its version was safe, the start of a machine included. */
  readonly seconds: number;
}

/** What proves that a step did something, measured. Log-probs are sums over the response at the sampling temperature, in nats. */
export interface LearningReceipt {
  /** Mean divergence per response token before the step. */
  readonly gapBefore: number;
  /** The same tokens against the same fixed teacher after it. */
  readonly gapAfter: number;
  readonly responseLogprobBefore: number;
  readonly responseLogprobAfter: number;
  readonly tokens: readonly TokenSignal[];
  /** ‖Δ(BA)‖ (Frobenius, scaled by alpha / r) over all modules. */
  readonly adapterChange: number;
  /** `adapterChange` relative to the norm of the frozen weights of the same modules; null where the engine can't see those. */
  readonly adapterChangeRelative: number | null;
  /** Before clipping; null where a remote engine doesn't tell. */
  readonly gradNorm: number | null;
  readonly meanImportanceRatio: number;
  readonly clipFraction: number;
  /** Mean KL to the base model per response token, before the step; null when `kl_reg_weight` is 0. */
  readonly klToBase: number | null;
  /** Things that the client should know: a feedback that was cut, for one. */
  readonly warnings: readonly string[];
  /** Where compute is rented; differs from one run of the same task to another. */
  readonly compute?: StepCompute;
}
