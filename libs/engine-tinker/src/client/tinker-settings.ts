/** Cookbooks ask for 20 alternatives per position; what a service grants at most is not documented. */
export const DEFAULT_MAX_TOP_K = 20;

export interface TinkerTimeouts {
  /** One HTTP request; `retrieve_future` is answered within about this time by the service itself. */
  readonly requestMs: number;
  /** How long a call is tried again before it fails: unreachable, overloaded (429), out of order (5xx), not paid (402). */
  readonly patienceMs: number;
  /** Before the second try; doubles up to `longestPauseMs`. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Between tries while billing is paused (402), and while an archive is being built (503). */
  readonly slowPauseMs: number;
  /** The service ends a session that is silent for some minutes. */
  readonly heartbeatMs: number;
  /** What `health` waits for. */
  readonly healthMs: number;
}

export interface TinkerSettings {
  /** Without the `/api/v1` of every path, and without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The service's name of the base model, which is its name here too. */
  readonly baseModel: string;
  /** Largest support of the divergence: how many alternatives per position the service grants. */
  readonly maxTopK: number;
  readonly timeouts: TinkerTimeouts;
}

export type TinkerOptions = Pick<TinkerSettings, 'baseUrl' | 'apiKey' | 'baseModel'> & {
  readonly maxTopK?: number;
  readonly timeouts?: Partial<TinkerTimeouts>;
};

const DEFAULT_TIMEOUTS: TinkerTimeouts = {
  requestMs: 60_000,
  patienceMs: 300_000,
  firstPauseMs: 500,
  longestPauseMs: 10_000,
  slowPauseMs: 5_000,
  heartbeatMs: 10_000,
  healthMs: 4_000,
};

export function tinkerSettings({ baseUrl, maxTopK, timeouts, ...options }: TinkerOptions): TinkerSettings {
  return {
    ...options,
    baseUrl: baseUrl.replace(/\/+$/, '').replace(/\/api\/v1$/, ''),
    maxTopK: maxTopK ?? DEFAULT_MAX_TOP_K,
    timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts },
  };
}
