import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PlainTrainerChannel } from '@claas/contracts/testing';
import { trainerModelBackend, VllmDouble } from '@claas/contracts/testing/vllm';
import type { ModelBackend, VllmDoubleOptions } from '@claas/contracts/testing/vllm';
import { VllmServing } from '../vllm-serving.js';
import type { VllmOptions } from '../settings/vllm-settings.js';
import { FLOAT32_TOLERANCE } from '../verification/tolerance.js';
import { BASE_MODEL } from './train-version.js';

const WORKSPACE = resolve(import.meta.dirname, '../../../..');
export const MODEL_DIRECTORY = resolve(WORKSPACE, 'models/clay-tiny/model');

/** A real trainer process for steps and for the numbers of the doubles, and a folder for versions. */
export class VllmWorld {
  private readonly open: { close(): Promise<void> }[] = [];

  private constructor(
    readonly root: string,
    readonly trainer: PlainTrainerChannel,
    readonly backend: ModelBackend,
  ) {}

  static async create(): Promise<VllmWorld> {
    const root = await mkdtemp(join(tmpdir(), 'claas-vllm-'));
    const program = resolve(WORKSPACE, 'apps/trainer/dist/main.js');
    const model = { modelDirectory: MODEL_DIRECTORY, baseModel: BASE_MODEL };
    const trainer = new PlainTrainerChannel(program, model, { CLAAS_TENSOR_BACKEND: 'wasm' });
    return new VllmWorld(root, trainer, await trainerModelBackend(trainer, BASE_MODEL));
  }

  async double(options: Partial<VllmDoubleOptions> = {}): Promise<VllmDouble> {
    const double = await VllmDouble.start({ backend: this.backend, baseModelName: BASE_MODEL, ...options });
    this.open.push(double);
    return double;
  }

  serving(baseUrl: string, options: Partial<VllmOptions> = {}): VllmServing {
    const serving = new VllmServing({ baseUrl, baseModelName: BASE_MODEL, tolerance: FLOAT32_TOLERANCE, ...options });
    this.open.push(serving);
    return serving;
  }

  /** Ends one of them early, where cases run side by side. */
  async closeServer(part: VllmDouble | VllmServing): Promise<void> {
    this.open.splice(this.open.indexOf(part), 1);
    await part.close();
  }

  /** Ends the servers, and what talks to them; the trainer stays. */
  async closeServers(): Promise<void> {
    for (const part of this.open.splice(0).reverse()) await part.close();
  }

  async close(): Promise<void> {
    await this.closeServers();
    await this.trainer.kill();
    await rm(this.root, { recursive: true });
  }
}
