import { ModalDouble } from '@claas/contracts/testing/modal';
import { ModalClient } from 'modal';
import { resolve } from 'node:path';
import { openModalEngine } from '../open-modal-engine.js';
import type { SandboxSettings } from '../sandbox/sandbox-settings.js';
import type { SandboxLimits } from '../trainer/sandbox-limits.js';
import { DirectTransfer } from './direct-transfer.js';

const WORKSPACE = resolve(import.meta.dirname, '../../../..');
export const MODEL_DIRECTORY = resolve(WORKSPACE, 'models/clay-tiny/model');
export const TRAINER = resolve(WORKSPACE, 'apps/trainer/dist/main.js');

/** Modal's double whose image holds this workspace, and engines on it. */
export class EngineWorld {
  private readonly closing: (() => Promise<void>)[] = [];

  private constructor(readonly double: ModalDouble) {
    double.images.publish('claas-trainer:latest');
  }

  static async start(): Promise<EngineWorld> {
    const double = await ModalDouble.start({
      image: { files: { '/opt/claas': WORKSPACE }, environment: { CLAAS_TENSOR_BACKEND: 'wasm' } },
    });
    // The SDK reads where its server is from the environment of this process alone.
    for (const [name, value] of Object.entries(double.environment)) process.env[name] = value;
    return new EngineWorld(double);
  }

  open(changes: Partial<SandboxSettings> = {}, limits: Partial<SandboxLimits> = {}) {
    const settings: SandboxSettings = {
      app: 'claas',
      environment: null,
      image: 'claas-trainer:latest',
      gpu: 'L40S',
      volume: 'claas-loras',
      owner: 'test',
      idleMs: 60_000,
      trainerEnvironment: {},
      ...changes,
    };
    const client = new ModalClient({ logLevel: 'error' });
    const transfer = new DirectTransfer(this.double, settings.volume);
    const opened = openModalEngine({
      client,
      settings,
      transfer,
      baseModel: 'clay-tiny',
      model: { directory: MODEL_DIRECTORY },
      limits: { pollMs: 200, heartbeatMs: 1_000, ...limits },
    });
    this.closing.push(() => opened.engine.close());
    return { ...opened, client, transfer };
  }

  /** The trainers that run now, on this machine. */
  trainers(): number[] {
    return this.double.sandboxes
      .running()
      .flatMap(({ execs }) => [...execs.values()])
      .filter(({ exit }) => exit === null)
      .map(({ processId }) => processId!);
  }

  /** Paths of the engine's own on the Volume, but for the base model. */
  leftovers(volume = 'claas-loras'): string[] {
    const paths = this.double.volumes
      .named(volume)
      .list('', true)
      .map(({ path }) => path);
    return paths.filter((path) => /^\.trainer\/[^/]+\/(output|input)\/[^/]+\//.test(path));
  }

  async close(): Promise<void> {
    await Promise.all(this.closing.map((close) => close()));
    await this.double.close();
  }
}
