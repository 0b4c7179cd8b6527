import type { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import type { AdapterLocks } from '../replicas/adapter-locks.js';
import type { SharedServing } from '../replicas/shared-serving.js';
import type { FeedbackRecorder } from './feedback-run.js';
import { FeedbackTransaction } from './feedback-transaction.js';
import { Publication } from './publication.js';
import { RollbackStage } from './rollback-stage.js';
import { ServingStage } from './serving-stage.js';
import { TrainingStage } from './training-stage.js';
import type { TransactionSettings } from './transaction-settings.js';

export interface TransactionPorts {
  readonly engine: DistillationEngine;
  readonly store: AdapterStore;
  readonly serving: ServingControl;
}

/** What a transaction shares with everything else that moves heads or changes what is served, in this process and others. */
export interface TransactionSurroundings {
  readonly locks: AdapterLocks;
  readonly shared: SharedServing;
}

export function createTransaction(
  { engine, store, serving }: TransactionPorts,
  recorder: FeedbackRecorder,
  { locks, shared }: TransactionSurroundings,
  settings: TransactionSettings,
): FeedbackTransaction {
  const { drainTimeoutMs, servingTimeoutMs, keepVersions } = settings;
  const training = new TrainingStage(engine, store, recorder.hub, settings);
  const publication = new Publication(store, serving, shared, locks, servingTimeoutMs);
  const rollback = new RollbackStage(store, shared, publication);
  const publishing = new ServingStage(store, serving, shared, publication, rollback, keepVersions);
  const server = { serving, shared, drainTimeoutMs };
  return new FeedbackTransaction(training, publishing, server, locks, recorder, servingTimeoutMs);
}
