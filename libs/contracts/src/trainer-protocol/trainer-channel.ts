import type { TrainerMethod, TrainerMethods, TrainerStatus } from './trainer-protocol.js';

export interface TrainerCallOptions<M extends TrainerMethod> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainerMethods[M]['progress']) => void;
}

export interface TrainerHealth {
  readonly running: boolean;
  /** Why the next call would probably fail, in one sentence; null when nothing is known against it. */
  readonly problem: string | null;
  /** What the trainer last said of itself; null when it isn't running. Old while a step keeps it from answering. */
  readonly status: TrainerStatus | null;
}

/**
 * A trainer that can be asked, wherever it runs. The engine owns it; serving that lives in the same trainer is given the same one.
 * A trainer that isn't running is started by the first call.
 */
export abstract class TrainerChannel {
  /**
   * Aborting `signal` throws `cancelled`: for `distill` once the trainer has let go of the task's directories, for other methods at once.
   * @throws ClaasError as the trainer reported it, or `trainer_crashed`, `trainer_unresponsive`, `trainer_failed_to_start`, `cancelled`
   */
  abstract call<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    options?: TrainerCallOptions<M>,
  ): Promise<TrainerMethods[M]['result']>;

  /** Never starts a trainer, and answers within about a second also while a step runs. */
  abstract health(): Promise<TrainerHealth>;
}
