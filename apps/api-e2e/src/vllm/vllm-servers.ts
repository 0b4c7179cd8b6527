import { fileURLToPath } from 'node:url';
import { PlainTrainerChannel } from '@claas/contracts/testing';
import { trainerModelBackend, VllmDouble } from '@claas/contracts/testing/vllm';
import type { ModelBackend, VllmDoubleOptions } from '@claas/contracts/testing/vllm';

const TRAINER_MAIN = fileURLToPath(new URL('../../../trainer/dist/main.js', import.meta.url));
const MODEL = fileURLToPath(new URL('../../../../models/clay-tiny/model', import.meta.url));

/** vLLM servers for the API to talk to: the real wire contract, with the numbers of clay-tiny. */
export class VllmServers {
  private readonly doubles: VllmDouble[] = [];

  private constructor(
    private readonly trainer: PlainTrainerChannel,
    readonly backend: ModelBackend,
  ) {}

  static async create(): Promise<VllmServers> {
    const model = { modelDirectory: MODEL, baseModel: 'clay-tiny' };
    const trainer = new PlainTrainerChannel(TRAINER_MAIN, model);
    return new VllmServers(trainer, await trainerModelBackend(trainer, 'clay-tiny'));
  }

  async start(options: Partial<VllmDoubleOptions> = {}): Promise<VllmDouble> {
    const double = await VllmDouble.start({ backend: this.backend, baseModelName: 'clay-tiny', ...options });
    this.doubles.push(double);
    return double;
  }

  async close(): Promise<void> {
    for (const double of this.doubles) await double.close();
    await this.trainer.kill();
  }
}

/** Of an API in front of `double`, which computes in float32. */
export function settingsFor(double: VllmDouble): Record<string, string> {
  return { VLLM_BASE_URL: `${double.url}/v1`, CLAAS_VLLM_DTYPE: 'float32', FEEDBACK_MIN_FREE_VRAM_GB: '0' };
}
