import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LORA_MODULES, parseAdapterId, type AdapterId } from '@claas/contracts';
import { PostgresServer } from '@claas/contracts/testing/postgres';
import {
  trainerModelBackend,
  VllmDouble,
  type ModelBackend,
  type VllmDoubleOptions,
} from '@claas/contracts/testing/vllm';
import { LocalEngine, TrainerProcess } from '@claas/engine-local';
import { FsAdapterStore } from '@claas/storage-fs';
import { FLOAT32_TOLERANCE, VllmServing, type VllmTimeouts } from '@claas/vllm-control';
import type { Database } from '../../database/database.js';
import { openDatabase } from '../../database/open-database.js';
import { DATABASES_UNDER_TEST, type TemporaryDatabase } from '../../database/testing/databases-under-test.js';
import { Connection } from './connection.js';
import { FeedbackProcess } from './feedback-process.js';
import { RememberingEngine } from './remembering-engine.js';

const WORKSPACE = resolve(import.meta.dirname, '../../../../..');
const BASE_MODEL = 'clay-tiny';
const SHAPE = { baseModel: BASE_MODEL, rank: 4, loraAlpha: 8, targetModules: LORA_MODULES } as const;

export interface VllmProcessOptions {
  readonly double: VllmDouble;
  readonly root: string;
  readonly database: Database;
  readonly timeouts?: Partial<VllmTimeouts>;
  /** Another process shares the server. */
  readonly isReplica?: boolean;
  readonly feedbacksOfATurn?: number;
}

/** One process of the service in front of a vLLM server: everything but that server and HTTP is what runs in production. */
export interface VllmProcess extends FeedbackProcess {
  readonly store: FsAdapterStore;
  readonly serving: VllmServing;
  readonly database: Database;
  /** As kill -9: its connections end, and what it was doing never comes to its end. */
  die(): Promise<void>;
  /** As SIGTERM. */
  stop(): Promise<void>;
}

/** A real trainer for steps and for the numbers of doubles, and what processes of the service are made of. */
export class VllmLaboratory {
  private readonly closing: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly engine: RememberingEngine,
    private readonly backend: ModelBackend,
    private readonly folder: string,
    private readonly server: PostgresServer | null,
  ) {}

  static async open(): Promise<VllmLaboratory> {
    const folder = await mkdtemp(join(tmpdir(), 'claas-laboratory-'));
    const trainer = new TrainerProcess({
      command: process.execPath,
      args: [join(WORKSPACE, 'apps/trainer/dist/main.js')],
      env: { CLAAS_TENSOR_BACKEND: 'wasm' },
      model: { modelDirectory: join(WORKSPACE, 'models/clay-tiny/model'), baseModel: BASE_MODEL },
      limits: { noProgressMs: 120_000, idleMs: null },
    });
    await trainer.start();
    const programs = PostgresServer.findPrograms();
    return new VllmLaboratory(
      new RememberingEngine(new LocalEngine(trainer)),
      await trainerModelBackend(trainer, BASE_MODEL),
      folder,
      programs === null ? null : await PostgresServer.start(programs),
    );
  }

  /** Null where there is no PostgreSQL, and an embedded database has to do. */
  get hasServer(): boolean {
    return this.server !== null;
  }

  async double(options: Partial<VllmDoubleOptions> = {}): Promise<VllmDouble> {
    const double = await VllmDouble.start({ backend: this.backend, baseModelName: BASE_MODEL, ...options });
    this.closing.push(() => double.close());
    return double;
  }

  /** An empty one, on a server where there is one. Returns how each process opens it. */
  async createDatabase(name: string): Promise<() => Promise<Database>> {
    const temporary = await this.temporaryDatabase(name);
    return () => openDatabase(temporary.settings);
  }

  newRoot(): Promise<string> {
    return mkdtemp(join(this.folder, 'root-'));
  }

  async start({
    double,
    root,
    database,
    timeouts = {},
    isReplica = false,
    ...turns
  }: VllmProcessOptions): Promise<VllmProcess> {
    const store = new FsAdapterStore({ root: join(root, 'loras') });
    await store.open();
    const serving = new VllmServing({
      baseUrl: double.url,
      baseModelName: BASE_MODEL,
      tolerance: FLOAT32_TOLERANCE,
      timeouts,
      retainMs: isReplica ? 2_000 : 0,
    });
    const connection = new Connection(database);
    const { engine } = this;
    const settings = { drainTimeoutMs: 15_000, servingTimeoutMs: 60_000 };
    const process_ = new FeedbackProcess({
      engine,
      store,
      serving,
      database: connection,
      settings,
      logDirectory: join(root, 'log'),
      lockTimeoutMs: 60_000,
      ...turns,
    });
    await process_.begin();
    let isOver = false;
    const die = async (): Promise<void> => {
      isOver = true;
      process_.deafen();
      await connection.die();
      await database.close();
    };
    const stop = async (): Promise<void> => {
      if (!isOver) {
        isOver = true;
        await process_.end();
        await database.close();
      }
      await serving.close();
    };
    this.closing.push(stop);
    return Object.assign(process_, { store, serving, database, die, stop });
  }

  async initAdapter({ store, served, shared }: VllmProcess, id: string): Promise<AdapterId> {
    const loraId = parseAdapterId(id);
    const directory = await store.stage();
    await this.engine.initAdapter({ ...SHAPE, seed: 1, outputDirectory: directory });
    const manifest = { ...SHAPE, origin: 'init', feedbackId: null, metrics: null, receipt: null } as const;
    await store.create(loraId, { directory, manifest, aliases: [] });
    await served.ensurePublished(loraId);
    await shared.announce(loraId, 0, null);
    return loraId;
  }

  /** Log-probs of an answer under files, by the trainer's word. */
  score(directory: string, promptTokenIds: readonly number[], tokenIds: readonly number[]): Promise<readonly number[]> {
    return this.backend.score(directory, promptTokenIds, tokenIds);
  }

  /** Ends what a test has started. */
  async tidy(): Promise<void> {
    for (const close of this.closing.splice(0).reverse()) await close();
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.engine.close();
    await this.server?.stop();
    // A process that died in a test may come to the end of what it was doing only now.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20 });
  }

  private async temporaryDatabase(name: string): Promise<TemporaryDatabase> {
    if (this.server !== null) {
      return {
        settings: { url: await this.server.createDatabase(name), directory: '' },
        remove: () => Promise.resolve(),
      };
    }
    const [embedded] = DATABASES_UNDER_TEST;
    if (embedded === undefined) throw new Error('No database to test with.');
    const temporary = await embedded.create();
    this.closing.unshift(() => temporary.remove());
    return temporary;
  }
}
