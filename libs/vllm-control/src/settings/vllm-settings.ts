import type { AdapterId } from '@claas/contracts';
import { defaultPublicName } from '../adapters/adapter-names.js';
import type { FreeMemoryWish } from '../sleeping/free-memory.js';
import { BFLOAT16_TOLERANCE } from '../verification/tolerance.js';
import type { VerificationTolerance } from '../verification/tolerance.js';

/** How long each kind of call may take, in milliseconds. Each attempt of a call that is retried gets the whole time. */
export interface VllmTimeouts {
  /** Small questions: health, models, metrics, `is_sleeping`, tokenizing. */
  readonly questionMs: number;
  /** `/v1/load_lora_adapter` and `/v1/unload_lora_adapter`. */
  readonly adapterMs: number;
  /** Until `/is_sleeping` says that the server sleeps, running requests of other clients included. */
  readonly sleepMs: number;
  /** Until it is awake, weights reloaded. */
  readonly wakeMs: number;
  /** Scoring a prompt with a response. */
  readonly scoreMs: number;
  /** Of an answer: until its first token, and between two tokens. */
  readonly tokenMs: number;
  /** How long a request waits for a server that sleeps before it is refused with `service_overloaded`. */
  readonly asleepMs: number;
  /** How long a request waits for a server that went away to come back. */
  readonly unreachableMs: number;
}

export const DEFAULT_VLLM_TIMEOUTS: VllmTimeouts = {
  questionMs: 10_000,
  adapterMs: 60_000,
  sleepMs: 120_000,
  wakeMs: 180_000,
  scoreMs: 60_000,
  tokenMs: 120_000,
  asleepMs: 60_000,
  unreachableMs: 10_000,
};

/** What the server samples with where a request says nothing: its model's generation_config.json, which it doesn't tell. */
export interface DefaultSampling {
  readonly temperature: number;
  readonly topP: number;
  /** 0 is off. */
  readonly topK: number;
}

export interface VllmSettings {
  /** For example `http://127.0.0.1:8000`; a `/v1` at its end is taken off. */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** What the server calls the base model (`--served-model-name`). */
  readonly baseModelName: string;
  /** Whether the server is asked for the name where it doesn't list that one. */
  readonly asksForBaseModelName: boolean;
  /** What the server's names of an adapter begin with. Injective: two adapters never share a name. */
  readonly publicName: (loraId: AdapterId) => string;
  /** Where the server sees the adapters' directories, when it has another view of the files than this process. */
  readonly adapterDirectoryMapping: { readonly from: string; readonly to: string } | null;
  readonly timeouts: VllmTimeouts;
  readonly defaultSampling: DefaultSampling;
  /** How far the server's log-probs may be from the trainer's. */
  readonly tolerance: VerificationTolerance;
  /**
   * How long a superseded version stays loaded after its last request here has ended. 0 where one process publishes;
   * with several, long enough for the others to hear of the new version.
   */
  readonly retainMs: number;
  /**
   * Whether tokens are scored while the server answers nothing else. Needed for a vLLM on a CPU: with LoRA enabled, a
   * request for log-probs of its prompt that shares a batch with another one kills the engine (seen with 0.32.0:
   * `add_lora_logits` takes the batch's rows for the prompt's positions).
   */
  readonly scoresAlone: boolean;
  /** Whether the server shares an accelerator with the engine, and has to sleep while a step runs. */
  readonly releasesAccelerator: boolean;
  /** Accelerator memory to wait for once the server sleeps; 0 bytes are not looked at. */
  readonly freeMemory: FreeMemoryWish;
  /** Told of what went wrong and was survived. */
  readonly onWarning: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export type VllmOptions = Pick<VllmSettings, 'baseUrl' | 'baseModelName'> &
  Partial<Omit<VllmSettings, 'timeouts'>> & { readonly timeouts?: Partial<VllmTimeouts> };

/** Fills in what `options` leaves out. */
export function vllmSettings(options: VllmOptions): VllmSettings {
  return {
    apiKey: null,
    asksForBaseModelName: false,
    publicName: defaultPublicName,
    adapterDirectoryMapping: null,
    defaultSampling: { temperature: 1, topP: 1, topK: 0 },
    tolerance: BFLOAT16_TOLERANCE,
    retainMs: 0,
    scoresAlone: false,
    releasesAccelerator: true,
    freeMemory: { bytes: 0, timeoutMs: 0 },
    onWarning: () => undefined,
    ...options,
    timeouts: { ...DEFAULT_VLLM_TIMEOUTS, ...options.timeouts },
  };
}
