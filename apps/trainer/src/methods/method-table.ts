import type { TrainerMethod, TrainerMethods } from '@claas/contracts';
import type { TrainerSession } from '../session/trainer-session.js';

/** What a running method may do beside computing its result. */
export interface MethodContext<M extends TrainerMethod> {
  /** Aborted by `cancel` and `shutdown`. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TrainerMethods[M]['progress']) => void;
  /** Aborts another request; unknown is fine. */
  readonly cancel: (id: number) => void;
  readonly cancelAllOthers: () => void;
}

/** One method of the protocol. What it throws is sent as an error event. */
export type MethodHandler<M extends TrainerMethod> = (
  session: TrainerSession,
  params: TrainerMethods[M]['params'],
  context: MethodContext<M>,
) => Promise<TrainerMethods[M]['result']>;

/** One handler for each method of the protocol; doesn't compile when one is missing. */
export type MethodTable = { readonly [M in TrainerMethod]: MethodHandler<M> };
