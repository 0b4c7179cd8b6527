import { LORA_MODULES } from '@claas/contracts';
import type { TinkerClient } from '../client/tinker-client.js';
import type { TargetRows } from '../wire/datum.js';
import type { ServiceSession } from './service-session.js';
import { TrainingModel } from './training-model.js';

/** Small, and a rank that every service has. */
const RANK = 8;

/**
 * The frozen base model's log-probs at any token ids, which samplers can't be asked for: a model in training that is never
 * updated is the base model, since its B is zero. One for all steps of this process.
 */
export class BaseModelScorer {
  private model: Promise<TrainingModel> | null = null;
  private sessionId: string | null = null;

  constructor(
    private readonly client: TinkerClient,
    private readonly session: ServiceSession,
  ) {}

  async logprobs(data: readonly TargetRows[], signal?: AbortSignal): Promise<Float32Array[]> {
    const model = await this.current(signal);
    return model.forwardBackward(data, { backward: false, signal });
  }

  async close(): Promise<void> {
    const model = await this.model?.catch(() => null);
    this.model = null;
    await model?.unload();
  }

  private current(signal: AbortSignal | undefined): Promise<TrainingModel> {
    if (this.model !== null && this.sessionId === this.session.id) return this.model;
    const model = TrainingModel.create(
      this.client,
      this.session,
      { rank: RANK, seed: 0, targetModules: LORA_MODULES },
      signal,
    );
    this.model = model;
    model.then(
      () => {
        this.sessionId = this.session.id;
      },
      () => {
        if (this.model === model) this.model = null;
      },
    );
    return model;
  }
}
