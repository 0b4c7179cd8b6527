import { FsAdapterStore } from '@claas/storage-fs';
import { parseAdapterId, type AdapterId, type AdapterStore } from '@claas/contracts';
import { ServedAdapters } from '../../backends/served-adapters.js';
import type { Database } from '../../database/database.js';
import { InteractionRepository } from '../../interactions/interaction-repository.js';
import { AcceleratorLease } from '../accelerator-lease.js';
import { AdapterLocks } from '../adapter-locks.js';
import { createTransaction } from '../create-transaction.js';
import { FeedbackHub } from '../feedback-hub.js';
import { FeedbackLog } from '../feedback-log.js';
import { FeedbackProcessor } from '../feedback-processor.js';
import { FeedbackRepository } from '../feedback-repository.js';
import type { FeedbackRequest } from '../feedback-request.js';
import { FeedbackService } from '../feedback-service.js';
import { FeedbackWaiter } from '../feedback-waiter.js';
import type { Feedback } from '../feedback.js';
import { RolloutPreparation } from '../rollout-preparation.js';
import type { TransactionSettings } from '../transaction-settings.js';
import { Faults } from './faults.js';
import { LearningEngine } from './learning-engine.js';
import { RecordedServing } from './recorded-serving.js';
import { sampleRequest } from './sample-feedback.js';
import { readLearned } from './weights.js';

export interface WorldOptions {
  readonly database: Database;
  /** Of the store; the same root again is the same service after a restart. */
  readonly root: string;
  readonly logDirectory: string;
  readonly releasesAccelerator?: boolean;
  readonly lockTimeoutMs?: number;
  readonly settings?: Partial<TransactionSettings>;
}

const SETTINGS: TransactionSettings = {
  drainTimeoutMs: 1000,
  stepTimeoutMs: 10_000,
  cancelGraceMs: 50,
  servingTimeoutMs: 10_000,
  keepVersions: 20,
};

/** The whole service around a feedback, as one process would have it, with doubles for engine and server alone. */
export class FeedbackWorld {
  readonly faults = new Faults();
  readonly engine = new LearningEngine();
  readonly serving: RecordedServing;
  readonly hub = new FeedbackHub();
  readonly locks = new AdapterLocks();
  readonly lease = new AcceleratorLease();
  readonly repository: FeedbackRepository;
  readonly interactions: InteractionRepository;
  readonly preparation: RolloutPreparation;
  readonly processor: FeedbackProcessor;
  readonly waiter: FeedbackWaiter;
  readonly service: FeedbackService;

  private constructor(
    options: WorldOptions,
    readonly store: AdapterStore,
  ) {
    this.serving = new RecordedServing({ releasesAccelerator: options.releasesAccelerator ?? false });
    this.repository = new FeedbackRepository(options.database);
    this.interactions = new InteractionRepository(options.database);
    const log = new FeedbackLog(options.logDirectory);
    const ports = {
      engine: this.faults.wrap('engine', this.engine),
      store: this.faults.wrap('store', store),
      serving: withoutCounting(this.serving, this.faults.wrap('serving', this.serving)),
    };
    const recorder = {
      repository: this.faults.wrap('repository', this.repository),
      hub: this.hub,
      log: this.faults.wrap('log', log),
    };
    const transaction = createTransaction(ports, recorder, this, { ...SETTINGS, ...options.settings });
    this.processor = new FeedbackProcessor(this.repository, transaction);
    this.waiter = new FeedbackWaiter(this.repository, this.hub, options.lockTimeoutMs ?? 10_000);
    this.preparation = new RolloutPreparation(this.engine, store, this.interactions);
    this.service = new FeedbackService(store, this.preparation, this.repository, this.processor, this.hub, log);
  }

  /** A process that starts: the store is swept and every head published, as the service does it. */
  static async start(options: WorldOptions): Promise<FeedbackWorld> {
    const store = new FsAdapterStore({ root: options.root });
    await store.open();
    const world = new FeedbackWorld(options, store);
    await new ServedAdapters(store, world.serving).publishAll((_loraId, error) => {
      throw error;
    });
    await world.processor.start();
    return world;
  }

  async initAdapter(id: string): Promise<AdapterId> {
    const loraId = parseAdapterId(id);
    const directory = await this.store.stage();
    const shape = { baseModel: 'base', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] as const };
    await this.engine.initAdapter({ ...shape, seed: 1, outputDirectory: directory });
    const manifest = { ...shape, origin: 'init', feedbackId: null, metrics: null, receipt: null } as const;
    await this.store.create(loraId, { directory, manifest, aliases: [] });
    await new ServedAdapters(this.store, this.serving).ensurePublished(loraId);
    return loraId;
  }

  accept(
    loraId: string,
    change: Partial<FeedbackRequest> = {},
    idempotencyKey: string | null = null,
  ): Promise<Feedback> {
    return this.service.accept(sampleRequest({ loraId, ...change }), idempotencyKey);
  }

  async send(loraId: string, change: Partial<FeedbackRequest> = {}): Promise<Feedback> {
    return this.waiter.outcome(await this.accept(loraId, change));
  }

  /** What the head has learned. */
  async headLearned(loraId: AdapterId): Promise<string[]> {
    return readLearned((await this.store.read(loraId)).directory);
  }
}

/** `published` is synchronous and can't go wrong; the rest goes through the faults. */
function withoutCounting(original: RecordedServing, wrapped: RecordedServing): RecordedServing {
  return new Proxy(wrapped, {
    get: (target, property) =>
      property === 'published' ? () => original.published() : (Reflect.get(target, property) as unknown),
  });
}
