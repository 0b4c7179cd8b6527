import type { TrainerMethod, TrainerMethods } from './trainer-protocol.js';

export interface TrainerCallOptions<M extends TrainerMethod> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainerMethods[M]['progress']) => void;
}

/**
 * A trainer that can be asked, wherever it runs. The engine owns it; serving that lives in the same trainer is given the same one.
 * A trainer that isn't running is started by the first call.
 */
export abstract class TrainerChannel {
  /** @throws ClaasError as the trainer reported it, or `trainer_crashed`, `trainer_unresponsive`, `trainer_failed_to_start`, `cancelled` */
  abstract call<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    options?: TrainerCallOptions<M>,
  ): Promise<TrainerMethods[M]['result']>;
}
