/** How one line of vLLM releases answers; read in the sources of the releases named and, for 0.32, from a running server. */
export interface VllmProfile {
  readonly version: string;
  /** `/sleep?mode=`: releases without it put a server to sleep under its requests, which kills its engine. */
  readonly knowsSleepMode: boolean;
  /** Whether `/sleep` and `/wake_up` answer with JSON; otherwise with nothing. */
  readonly answersSleepWithJson: boolean;
  /** Whether `/reset_prefix_cache` tells its success. */
  readonly answersResetWithJson: boolean;
  /** Status of a load that the worker refused. */
  readonly badAdapterStatus: 400 | 500;
  readonly badAdapterType: string;
  /** Whether weights can be read again where LoRA is enabled. */
  readonly reloadsWeightsWithLora: boolean;
  /** Whether the prefix cache tells two loads of one name apart by their path. */
  readonly cacheKnowsPath: boolean;
}

export const VLLM_PROFILES = {
  '0.15': {
    version: '0.15.1',
    knowsSleepMode: false,
    answersSleepWithJson: false,
    answersResetWithJson: false,
    badAdapterStatus: 400,
    badAdapterType: 'BadRequestError',
    reloadsWeightsWithLora: false,
    cacheKnowsPath: false,
  },
  '0.20': {
    version: '0.20.2',
    knowsSleepMode: true,
    answersSleepWithJson: false,
    answersResetWithJson: false,
    badAdapterStatus: 500,
    badAdapterType: 'InternalServerError',
    reloadsWeightsWithLora: false,
    cacheKnowsPath: false,
  },
  '0.33': {
    version: '0.33.0',
    knowsSleepMode: true,
    answersSleepWithJson: true,
    answersResetWithJson: true,
    badAdapterStatus: 500,
    badAdapterType: 'InternalServerError',
    reloadsWeightsWithLora: true,
    cacheKnowsPath: true,
  },
} as const satisfies Record<string, VllmProfile>;

export type VllmRelease = keyof typeof VLLM_PROFILES;
