import type { Settings } from '../config/settings.js';

/** What the feedback transaction needs from the service's settings. */
export interface TransactionSettings {
  /** How long a server that shares the accelerator may take to become idle (FEEDBACK_DRAIN_TIMEOUT_S). */
  readonly drainTimeoutMs: number;
  /** After this a step is cancelled. */
  readonly stepTimeoutMs: number;
  /** For an engine to end a step that was cancelled, before it is given up. */
  readonly cancelGraceMs: number;
  /** After this a publication or verification counts as failed. */
  readonly servingTimeoutMs: number;
  /** Versions to keep of each adapter (CLAAS_KEEP_VERSIONS). */
  readonly keepVersions: number;
}

/** The engine watches its trainer more closely; these are the last resort against a backend that never answers. */
const STEP_TIMEOUT_MS = 2 * 60 * 60 * 1000;
const CANCEL_GRACE_MS = 30_000;
/** Long enough for a server that is busy with a step of another adapter. */
const SERVING_TIMEOUT_MS = 15 * 60 * 1000;

export function transactionSettings({ feedback, keepVersions }: Settings): TransactionSettings {
  return {
    drainTimeoutMs: feedback.drainTimeoutMs,
    stepTimeoutMs: STEP_TIMEOUT_MS,
    cancelGraceMs: CANCEL_GRACE_MS,
    servingTimeoutMs: SERVING_TIMEOUT_MS,
    keepVersions,
  };
}
