import { DEFAULT_TRAINER_LIMITS } from '@claas/trainer-client';
import type { TrainerLimits } from '@claas/trainer-client';

/** Every wait of the engine, in milliseconds. */
export interface SandboxLimits extends Omit<TrainerLimits, 'idleMs'> {
  /** Longest wait for a GPU. Less than the 21 minutes after which Modal's SDK gives up. */
  readonly schedulingMs: number;
  /** Between two empty lines to a trainer. */
  readonly heartbeatMs: number;
  /** A trainer that hears nothing for so long ends, so that its Sandbox gets idle and Modal ends that. */
  readonly silenceMs: number;
  /** Between two looks whether the Sandbox lives. */
  readonly pollMs: number;
  /** Longest wait for Modal in `health`. */
  readonly healthMs: number;
  /** How long a look at Modal counts in `health`. */
  readonly healthAgeMs: number;
}

export const DEFAULT_SANDBOX_LIMITS: SandboxLimits = {
  ...DEFAULT_TRAINER_LIMITS,
  schedulingMs: 1_200_000,
  heartbeatMs: 15_000,
  silenceMs: 60_000,
  pollMs: 5_000,
  healthMs: 3_000,
  healthAgeMs: 10_000,
};
