import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TinkerDoubleProcess } from '@claas/contracts/testing/tinker';
import type { TinkerDoubleProcessOptions } from '@claas/contracts/testing/tinker';
import type { TinkerOptions } from '../client/tinker-settings.js';
import { TinkerEngine } from '../engine/tinker-engine.js';
import { TinkerServing } from '../serving/tinker-serving.js';
import { TextModel } from '../text/text-model.js';
import { TinkerConnection } from '../tinker-connection.js';
import { ListedVersions } from './listed-versions.js';

const WORKSPACE = resolve(import.meta.dirname, '../../../..');
export const MODEL_DIRECTORY = resolve(WORKSPACE, 'models/clay-tiny/model');
export const BASE_MODEL = 'clay-tiny';
const PROGRAM = resolve(WORKSPACE, 'tools/tinker-double/dist/main.js');
const API_KEY = 'tml-test';

/** The double computes in float32, as the trainer does: only the order of sums differs. */
const EXACT = { maxNats: 1e-3, meanNats: 1e-3 };

/** Patience of a second or two, so that a fault's end can be waited for. */
export const SHORT_TIMEOUTS = {
  requestMs: 10_000,
  patienceMs: 5_000,
  firstPauseMs: 50,
  longestPauseMs: 400,
  slowPauseMs: 100,
  heartbeatMs: 200,
} as const;

/** A real double in a process of its own, and what speaks to it. */
export class TinkerWorld {
  private constructor(
    readonly root: string,
    readonly double: TinkerDoubleProcess,
    readonly text: TextModel,
    readonly versions: ListedVersions,
  ) {}

  static async create(options: Partial<TinkerDoubleProcessOptions> = {}): Promise<TinkerWorld> {
    const root = await mkdtemp(join(tmpdir(), 'claas-tinker-'));
    const double = await TinkerDoubleProcess.start({
      program: PROGRAM,
      stateDirectory: join(root, 'service'),
      apiKey: API_KEY,
      ...options,
    });
    return new TinkerWorld(root, double, await TextModel.load(MODEL_DIRECTORY), new ListedVersions());
  }

  get options(): TinkerOptions {
    return {
      baseUrl: this.double.url,
      apiKey: API_KEY,
      baseModel: BASE_MODEL,
      maxTopK: 64,
      timeouts: SHORT_TIMEOUTS,
    };
  }

  connect(changes: Partial<TinkerOptions> = {}): TinkerConnection {
    return new TinkerConnection({ ...this.options, ...changes }, this.text);
  }

  engine(connection: TinkerConnection): TinkerEngine {
    return new TinkerEngine({ connection, versions: this.versions, ledgerDirectory: join(this.root, 'ledger') });
  }

  serving(connection: TinkerConnection): TinkerServing {
    return new TinkerServing(connection, EXACT);
  }

  /** An empty directory for a version. */
  stage(): Promise<string> {
    return mkdtemp(join(this.root, 'version-'));
  }

  async close(): Promise<void> {
    await this.double.close();
    await rm(this.root, { recursive: true });
  }
}
