import { LORA_MODULES } from '@claas/contracts';
import type { TinkerClient } from '../client/tinker-client.js';
import type { TargetRows } from '../wire/datum.js';
import type { ServiceSession } from './service-session.js';
import { TrainingModel } from './training-model.js';

/** Small, and a rank that every service has. */
const RANK = 8;

interface ScoringModel {
  readonly model: Promise<TrainingModel>;
  /** The session that it hangs on; null while it is being made. */
  sessionId: string | null;
  /** Aborted when it is given up. */
  readonly end: AbortController;
}

/**
 * The frozen base model's log-probs at any token ids, which samplers can't be asked for: a model in training that is never
 * updated is the base model, since its B is zero. One for all steps of this process, until a request of it fails: the service does
 * requests in the order of their numbers, so that one which never arrived would keep all later ones waiting.
 */
export class BaseModelScorer {
  private current: ScoringModel | null = null;

  constructor(
    private readonly client: TinkerClient,
    private readonly session: ServiceSession,
  ) {}

  async logprobs(data: readonly TargetRows[], signal?: AbortSignal): Promise<Float32Array[]> {
    for (;;) {
      const scoring = this.usable(signal);
      const { end } = scoring;
      const either = signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]);
      try {
        const model = await scoring.model;
        return await model.forwardBackward(data, { backward: false, signal: either });
      } catch (error) {
        const isOthers = end.signal.aborted && signal?.aborted !== true;
        this.giveUp(scoring);
        if (!isOthers) throw error;
      }
    }
  }

  async close(): Promise<void> {
    const model = await this.current?.model.catch(() => null);
    this.current = null;
    await model?.unload();
  }

  private usable(signal: AbortSignal | undefined): ScoringModel {
    const { current } = this;
    if (current !== null && (current.sessionId ?? this.session.id) === this.session.id) return current;
    const shape = { rank: RANK, seed: 0, targetModules: LORA_MODULES };
    const model = TrainingModel.create(this.client, this.session, shape, signal);
    const scoring: ScoringModel = { model, sessionId: null, end: new AbortController() };
    this.current = scoring;
    model.then(
      () => (scoring.sessionId = this.session.id),
      () => undefined,
    );
    return scoring;
  }

  private giveUp(scoring: ScoringModel): void {
    if (this.current === scoring) this.current = null;
    if (scoring.end.signal.aborted) return;
    scoring.end.abort();
    this.session.background.run(scoring.model.then((model) => model.unload()));
  }
}
