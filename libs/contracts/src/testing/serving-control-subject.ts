import type { AdapterSource, DistillationResult } from '../engine/distillation-task.js';
import type { ServingControl } from '../serving/serving-control.js';

/** A trained version, and what its trainer says of it. */
export interface TrainedVersion {
  readonly source: AdapterSource;
  readonly result: DistillationResult;
}

/** A server to be held to the contract, and a way to real versions for it. */
export interface ServingControlSubject {
  readonly serving: ServingControl;
  /** Trains an adapter on one feedback, with steps large enough to change its answers; each call gives version 1 of another id. */
  readonly train: (loraId: string, feedback: string) => Promise<TrainedVersion>;
  /** Ends whatever answers, as a crash would. */
  readonly crash: () => void;
  readonly close: () => Promise<void>;
}
