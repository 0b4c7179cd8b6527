import type { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import type { AcceleratorLease } from './accelerator-lease.js';
import type { AdapterLocks } from './adapter-locks.js';
import type { FeedbackRecorder } from './feedback-run.js';
import { FeedbackTransaction } from './feedback-transaction.js';
import { ServingStage } from './serving-stage.js';
import { TrainingStage } from './training-stage.js';
import type { TransactionSettings } from './transaction-settings.js';

export interface TransactionPorts {
  readonly engine: DistillationEngine;
  readonly store: AdapterStore;
  readonly serving: ServingControl;
}

/** What a transaction shares with everything else that moves heads or runs steps. */
export interface TransactionLocks {
  readonly locks: AdapterLocks;
  readonly lease: AcceleratorLease;
}

export function createTransaction(
  { engine, store, serving }: TransactionPorts,
  recorder: FeedbackRecorder,
  { locks, lease }: TransactionLocks,
  settings: TransactionSettings,
): FeedbackTransaction {
  const training = new TrainingStage(engine, store, serving, lease, recorder.hub, settings);
  const publication = new ServingStage(store, serving, locks, settings);
  return new FeedbackTransaction(training, publication, serving, locks, lease, recorder);
}
