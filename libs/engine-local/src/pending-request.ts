import type { TrainerMethod } from '@claas/contracts';

/** A request that the trainer has not ended yet. */
export interface PendingRequest {
  readonly id: number;
  readonly method: TrainerMethod;
  readonly onProgress: (progress: never) => void;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}
