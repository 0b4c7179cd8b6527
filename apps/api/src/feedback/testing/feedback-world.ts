import { FsAdapterStore } from '@claas/storage-fs';
import { parseAdapterId, type AdapterId, type AdapterStore } from '@claas/contracts';
import type { Database } from '../../database/database.js';
import { feedbacks, servedAdapters } from '../../database/schema.js';
import type { TransactionSettings } from '../transaction-settings.js';
import { Connection } from './connection.js';
import { Faults } from './faults.js';
import { FeedbackProcess } from './feedback-process.js';
import { LearningEngine } from './learning-engine.js';
import { RecordedServing } from './recorded-serving.js';
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
export class FeedbackWorld extends FeedbackProcess {
  private constructor(
    options: WorldOptions,
    readonly store: AdapterStore,
    connection: Connection,
    readonly faults = new Faults(),
    readonly engine = new LearningEngine(),
    readonly serving = new RecordedServing({ releasesAccelerator: options.releasesAccelerator ?? false }),
  ) {
    super({
      ...options,
      engine,
      store,
      serving,
      database: connection,
      disturb: (_ports, recorder) => ({
        ports: {
          engine: faults.wrap('engine', engine),
          store: faults.wrap('store', store),
          serving: withoutCounting(serving, faults.wrap('serving', serving)),
        },
        recorder: {
          repository: faults.wrap('repository', recorder.repository),
          hub: recorder.hub,
          log: faults.wrap('log', recorder.log),
        },
      }),
    });
  }

  /** A process that starts: the store is swept. The one that had the database before has died then. */
  static async start(options: WorldOptions): Promise<FeedbackWorld> {
    await endOthers(options);
    const connection = new Connection(options.database);
    running.set(options.database, { root: options.root, connection });
    const store = new FsAdapterStore({ root: options.root });
    await store.open();
    const world = new FeedbackWorld(options, store, connection);
    await world.begin();
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

  /** What the head has learned. */
  async headLearned(loraId: AdapterId): Promise<string[]> {
    return readLearned((await this.store.read(loraId)).directory);
  }
}

/** `published` is synchronous and can’t go wrong; the rest goes through the faults. */
function withoutCounting(original: RecordedServing, wrapped: RecordedServing): RecordedServing {
  return new Proxy(wrapped, {
    get: (target, property) =>
      property === 'published' ? () => original.published() : (Reflect.get(target, property) as unknown),
  });
}
