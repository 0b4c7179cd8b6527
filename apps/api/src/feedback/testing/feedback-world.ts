import { FsAdapterStore } from '@claas/storage-fs';
import { parseAdapterId, type AdapterId, type AdapterStore } from '@claas/contracts';
import { ServedAdapters } from '../../backends/served-adapters.js';
import type { Database } from '../../database/database.js';
import { feedbacks, servedAdapters } from '../../database/schema.js';
import { InteractionRepository } from '../../interactions/interaction-repository.js';
import { AcceleratorLease } from '../../replicas/accelerator-lease.js';
import { AdapterLocks } from '../../replicas/adapter-locks.js';
import { SharedServing } from '../../replicas/shared-serving.js';
import { createTransaction } from '../create-transaction.js';
import { FeedbackHub } from '../feedback-hub.js';
import { FeedbackLog } from '../feedback-log.js';
import { FeedbackQueue } from '../feedback-queue.js';
import { FeedbackProcessor } from '../feedback-processor.js';
import { FeedbackRepository } from '../feedback-repository.js';
import type { FeedbackRequest } from '../feedback-request.js';
import { FeedbackService } from '../feedback-service.js';
import { FeedbackWaiter } from '../feedback-waiter.js';
import type { Feedback } from '../feedback.js';
import { RolloutPreparation } from '../rollout-preparation.js';
import type { TransactionSettings } from '../transaction-settings.js';
import { Connection } from './connection.js';
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

/** The process that has each database. */
const running = new WeakMap<Database, { readonly root: string; readonly connection: Connection }>();

/** One process dies when the next starts; a store of its own is another service, which finds its database empty. */
async function endOthers({ database, root }: WorldOptions): Promise<void> {
  const other = running.get(database);
  if (other === undefined) return;
  await other.connection.die();
  if (other.root === root) return;
  await database.orm.delete(feedbacks);
  await database.orm.delete(servedAdapters);
}

/** The whole service around a feedback, as one process would have it, with doubles for engine and server alone. */
export class FeedbackWorld {
  readonly faults = new Faults();
  readonly engine = new LearningEngine();
  readonly serving: RecordedServing;
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

  private constructor(
    options: WorldOptions,
    readonly store: AdapterStore,
    connection: Connection,
  ) {
    this.locks = new AdapterLocks(connection);
    this.lease = new AcceleratorLease(connection);
    this.serving = new RecordedServing({ releasesAccelerator: options.releasesAccelerator ?? false });
    const settings = { ...SETTINGS, ...options.settings };
    this.shared = new SharedServing(connection, this.serving, settings.drainTimeoutMs);
    this.served = new ServedAdapters(store, this.serving, this.shared);
    this.repository = new FeedbackRepository(connection);
    this.interactions = new InteractionRepository(connection);
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
    const transaction = createTransaction(ports, recorder, this, settings);
    const queue = new FeedbackQueue(this.repository, this.serving, this.shared);
    this.processor = new FeedbackProcessor(queue, this.lease, transaction);
    this.waiter = new FeedbackWaiter(this.repository, this.hub, options.lockTimeoutMs ?? 10_000);
    this.preparation = new RolloutPreparation(this.engine, store, this.interactions);
    this.service = new FeedbackService(store, this.preparation, this.repository, this.processor, this.hub, log);
  }

  /**
   * A process that starts: the store is swept and every head published, as the service does it. The one that had the
   * database before has died then.
   */
  static async start(options: WorldOptions): Promise<FeedbackWorld> {
    await endOthers(options);
    const connection = new Connection(options.database);
    running.set(options.database, { root: options.root, connection });
    const store = new FsAdapterStore({ root: options.root });
    await store.open();
    const world = new FeedbackWorld(options, store, connection);
    await world.shared.start();
    await world.served.publishAll((_loraId, error) => {
      throw error;
    });
    world.processor.start();
    return world;
  }

  async initAdapter(id: string): Promise<AdapterId> {
    const loraId = parseAdapterId(id);
    const directory = await this.store.stage();
    const shape = { baseModel: 'base', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] as const };
    await this.engine.initAdapter({ ...shape, seed: 1, outputDirectory: directory });
    const manifest = { ...shape, origin: 'init', feedbackId: null, metrics: null, receipt: null } as const;
    await this.store.create(loraId, { directory, manifest, aliases: [] });
    await this.served.ensurePublished(loraId);
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
