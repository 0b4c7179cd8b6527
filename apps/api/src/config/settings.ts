import type { LogLevel, TensorBackendChoice } from './environment.js';

/** Injection token of {@link Settings}. */
export const SETTINGS = Symbol('Settings');

export interface FeedbackSettings {
  /** Absolute. */
  readonly logDirectory: string;
  readonly lockTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

export interface HubSettings {
  readonly endpoint: string;
  readonly token: string | null;
  /** Absolute. */
  readonly cacheDirectory: string;
}

export interface BaseModelSettings {
  /** As it was asked for: `clay-tiny`, a directory or a Hugging Face id. */
  readonly id: string;
  /** What clients call it. */
  readonly name: string;
  /** Absolute; null for a Hugging Face id, whose directory is known once it has been found. */
  readonly directory: string | null;
  /** Names that POST /v1/lora/init accepts. */
  readonly allowed: readonly string[];
  readonly hub: HubSettings;
}

export interface TrainerSettings {
  readonly tensorBackend: TensorBackendChoice;
  readonly startTimeoutMs: number;
  readonly silenceTimeoutMs: number;
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
}

/** Steps run on Modal. */
export interface ModalSettings extends CommonSettings {
  readonly mode: 'modal';
}

/** Steps run on a Tinker service. */
export interface TinkerSettings extends CommonSettings {
  readonly mode: 'tinker';
}

/** What the service runs with. Read once; nothing else looks at the environment. */
export type Settings = LocalSettings | ModalSettings | TinkerSettings;
