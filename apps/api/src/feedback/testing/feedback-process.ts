import { setTimeout as delay } from 'node:timers/promises';
import type { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import { ServedAdapters } from '../../backends/served-adapters.js';
import type { Database } from '../../database/database.js';
import { InteractionRepository } from '../../interactions/interaction-repository.js';
import { AcceleratorLease } from '../../replicas/accelerator-lease.js';
import { AdapterLocks } from '../../replicas/adapter-locks.js';
import { SharedServing } from '../../replicas/shared-serving.js';
import { Arrivals } from '../arrivals.js';
import { createTransaction, type TransactionPorts } from '../create-transaction.js';
import { FeedbackHub } from '../feedback-hub.js';
import { FeedbackLog } from '../feedback-log.js';
import { FeedbackNotices } from '../feedback-notices.js';
import { FeedbackProcessor } from '../feedback-processor.js';
import { FeedbackQueue } from '../feedback-queue.js';
import { FeedbackRepository } from '../feedback-repository.js';
import type { FeedbackRequest } from '../feedback-request.js';
import type { FeedbackRecorder } from '../feedback-run.js';
import { FeedbackService } from '../feedback-service.js';
import { FeedbackWaiter } from '../feedback-waiter.js';
import type { FeedbackState } from '../feedback-state.js';
import type { Feedback } from '../feedback.js';
import { RolloutPreparation } from '../rollout-preparation.js';
import type { TransactionSettings } from '../transaction-settings.js';
import { sampleRequest } from './sample-feedback.js';

export interface FeedbackProcessOptions extends TransactionPorts {
  readonly engine: DistillationEngine;
  readonly store: AdapterStore;
  readonly serving: ServingControl;
  readonly database: Database;
  readonly logDirectory: string;
  readonly lockTimeoutMs?: number;
  readonly feedbacksOfATurn?: number;
  readonly settings?: Partial<TransactionSettings>;
  /** What stands between the transaction and its surroundings; they themselves when missing. */
  readonly disturb?: (ports: TransactionPorts, recorder: FeedbackRecorder) => Disturbed;
}

export interface Disturbed {
  readonly ports: TransactionPorts;
  readonly recorder: FeedbackRecorder;
}

/** No test waits for one of these unless it sets it; a busy machine must not reach them. */
const PATIENCE_MS = 60_000;
const SETTINGS: TransactionSettings = {
  drainTimeoutMs: PATIENCE_MS,
  stepTimeoutMs: PATIENCE_MS,
  cancelGraceMs: 50,
  servingTimeoutMs: PATIENCE_MS,
  keepVersions: 20,
};

/** Everything around a feedback as one process of the service has it, without HTTP. */
export class FeedbackProcess {
  readonly hub = new FeedbackHub();
  readonly locks: AdapterLocks;
  readonly lease: AcceleratorLease;
  readonly shared: SharedServing;
  readonly served: ServedAdapters;
  readonly repository: FeedbackRepository;
  readonly interactions: InteractionRepository;
  readonly preparation: RolloutPreparation;
  readonly processor: FeedbackProcessor;
  readonly waiter: FeedbackWaiter;
  readonly service: FeedbackService;
  private readonly notices: FeedbackNotices;

  constructor({ engine, store, serving, database, ...options }: FeedbackProcessOptions) {
    const settings = { ...SETTINGS, ...options.settings };
    this.locks = new AdapterLocks(database);
    this.lease = new AcceleratorLease(database);
    this.shared = new SharedServing(database, serving, settings.drainTimeoutMs);
    this.served = new ServedAdapters(store, serving, this.shared);
    this.repository = new FeedbackRepository(database);
    this.interactions = new InteractionRepository(database);
    const log = new FeedbackLog(options.logDirectory);
    const undisturbed = {
      ports: { engine, store, serving },
      recorder: { repository: this.repository, hub: this.hub, log },
    };
    const { ports, recorder } = options.disturb?.(undisturbed.ports, undisturbed.recorder) ?? undisturbed;
    const transaction = createTransaction(ports, recorder, this, settings);
    const arrivals = new Arrivals();
    this.processor = new FeedbackProcessor(
      new FeedbackQueue(this.repository, serving, this.shared, arrivals, options.feedbacksOfATurn),
      this.lease,
      transaction,
    );
    this.waiter = new FeedbackWaiter(this.repository, this.hub, options.lockTimeoutMs ?? PATIENCE_MS);
    this.preparation = new RolloutPreparation(engine, store, this.interactions);
    this.service = new FeedbackService(
      store,
      this.preparation,
      this.repository,
      this.processor,
      this.hub,
      log,
      arrivals,
    );
    this.notices = new FeedbackNotices(database.bulletin, this.repository, this.hub, this.processor);
  }

  /** As the service does it: what is stored is published, what was left unfinished is taken up. */
  async begin(): Promise<void> {
    await this.shared.start();
    const onFailure = (_loraId: unknown, error: unknown): never => {
      throw error;
    };
    await this.served.publishAll(onFailure);
    this.served.followOthers(() => undefined);
    this.notices.start();
    this.processor.start();
  }

  async end(): Promise<void> {
    this.waiter.stop();
    await this.processor.stop();
    this.deafen();
  }

  /** Hears and tells nothing any more. */
  deafen(): void {
    this.notices.stop();
    this.shared.stop();
  }

  accept(
    loraId: string,
    change: Partial<FeedbackRequest> = {},
    idempotencyKey: string | null = null,
  ): Promise<Feedback> {
    return this.service.accept(sampleRequest({ loraId, ...change }), idempotencyKey);
  }

  async untilState({ requestId }: Feedback, state: FeedbackState): Promise<void> {
    while ((await this.service.find(requestId)).state !== state) await delay(5);
  }

  async send(loraId: string, change: Partial<FeedbackRequest> = {}): Promise<Feedback> {
    return this.waiter.outcome(await this.accept(loraId, change));
  }
}
