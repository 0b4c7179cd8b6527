import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import type { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';

/** What a mode brings: the three ports, and how to make them ready before the first request asks for it. */
export interface Backend {
  readonly engine: DistillationEngine;
  readonly store: AdapterStore;
  readonly serving: ServingControl;
  /** Starts what takes long (a process, a model); the first request would otherwise wait for it. */
  warmUp(): Promise<void>;
}

/** Injection token of the {@link Backend}. */
export const BACKEND = Symbol('Backend');

export type BackendOpener = (settings: Settings, logger: Logger) => Promise<Backend>;
