import type { LogLevel } from './environment.js';

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
