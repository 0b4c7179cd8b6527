import type { LogLevel } from './environment.js';
import type { VllmDtype } from './vllm-environment.js';

/** Injection token of {@link Settings}. */
export const SETTINGS = Symbol('Settings');

export interface FeedbackSettings {
  /** Absolute. */
  readonly logDirectory: string;
  readonly lockTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

export interface BaseModelSettings {
  /** As it was asked for: `clay-tiny`, a directory or a Hugging Face id. */
  readonly id: string;
  /** What clients call it. */
  readonly name: string;
  /** Absolute; null for a Hugging Face id, which the trainer looks up and downloads. */
  readonly directory: string | null;
  /** Names that POST /v1/lora/init accepts. */
  readonly allowed: readonly string[];
}

export interface TrainerSettings {
  /** The service's environment and what .env adds to it; the engine passes on what a trainer may know. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly noProgressTimeoutMs: number;
  /** Null keeps an idle trainer. */
  readonly idleTimeoutMs: number | null;
}

/** A vLLM server that answers instead of the trainer. */
export interface VllmServerSettings {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** What it calls the base model; null: it is asked. */
  readonly model: string | null;
  /** Its path of `loraRoot`; null for the same. */
  readonly loraRoot: string | null;
  /** It sleeps while a step runs. */
  readonly sharesAccelerator: boolean;
  readonly dtype: VllmDtype;
  readonly scoresAlone: boolean;
  readonly asleepTimeoutMs: number;
  readonly answerTimeoutMs: number;
  /** Of the accelerator, once the server sleeps; 0 is not looked at. */
  readonly minFreeBytes: number;
  readonly freeMemoryTimeoutMs: number;
}

/** Another vLLM server, whose model teaches where a feedback asks for it. */
export interface TeacherSettings {
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey: string | null;
  readonly timeoutMs: number;
}

export interface CommonSettings {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDirectory: string;
  /** Absolute, after the fallback from the default. */
  readonly loraRoot: string;
  readonly databaseUrl: string | null;
  readonly keepVersions: number;
  readonly logLevel: LogLevel;
  readonly maxRequestBytes: number;
  readonly maxArchiveBytes: number;
  readonly maxUnpackedBytes: number;
  readonly shutdownTimeoutMs: number;
  readonly baseModel: BaseModelSettings;
  readonly feedback: FeedbackSettings;
}

/** Steps run in a trainer process on this machine. */
export interface LocalSettings extends CommonSettings {
  readonly mode: 'local';
  readonly trainer: TrainerSettings;
  /** Null: the trainer answers. */
  readonly vllm: VllmServerSettings | null;
  /** Null: the base model is the only teacher. */
  readonly teacher: TeacherSettings | null;
}

/** Steps run on Modal. */
export interface ModalSettings extends CommonSettings {
  readonly mode: 'modal';
  readonly tokenId: string;
  readonly tokenSecret: string;
  /** Null: the workspace's default. */
  readonly environment: string | null;
  readonly app: string;
  readonly volume: string;
  readonly image: string;
  readonly gpu: string;
  readonly idleMs: number;
  readonly noProgressTimeoutMs: number;
  /** Tells this deployment's Sandbox from others in the same App. */
  readonly owner: string;
  readonly trainerEnvironment: Readonly<Record<string, string>>;
}

/** Steps run on a Tinker service. */
export interface TinkerSettings extends CommonSettings {
  readonly mode: 'tinker';
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Largest support of a step's divergence. */
  readonly maxTopK: number;
  /** Where the base model's tokenizer and template come from. */
  readonly hub: {
    /** The service's environment and what .env adds to it: names the cache's place. */
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly endpoint: string;
    readonly token: string | null;
  };
}

/** What the service runs with. Read once; nothing else looks at the environment. */
export type Settings = LocalSettings | ModalSettings | TinkerSettings;
