import type { Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import type { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import type { CompletionRelay } from '@claas/vllm-control';

/** What a mode brings: the three ports, and how to make them ready before the first request asks for it. */
export interface Backend {
  readonly engine: DistillationEngine;
  readonly store: AdapterStore;
  readonly serving: ServingControl;
  /** Passes completions on to the server as they are, where it is one that knows more of them than ServingControl says. */
  readonly relay?: CompletionRelay;
  /** Adapters are published with the first request for them, and not all of them at the start. */
  readonly publishesOnDemand?: true;
  /** Nothing costly is started before a request needs it; `warmUp` at most takes up again what still runs. */
  readonly startsOnDemand?: true;
  /** Starts what takes long (a process, a model); the first request would otherwise wait for it. */
  warmUp(): Promise<void>;
  /** Ends what the engine's own `close` doesn't. */
  close?(): Promise<void>;
}

/** Injection token of the backend's relay, where it has one. */
export const RELAY = Symbol('Relay');

/** Injection token of the {@link Backend}. */
export const BACKEND = Symbol('Backend');

export type BackendOpener = (settings: Settings, logger: Logger) => Promise<Backend>;
