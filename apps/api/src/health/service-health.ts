import { AdapterStore, DistillationEngine, ServingControl } from '@claas/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { WarmUp } from '../backends/warm-up.js';
import { Database } from '../database/database.js';
import { checkPart, type PartHealth } from './part-health.js';

export interface HealthReport {
  /** `unhealthy`: no step could run. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly parts: Readonly<Record<'engine' | 'storage' | 'serving' | 'database', PartHealth>>;
}

/** Asks every part of the service how it is; starts nothing. */
@Injectable()
export class ServiceHealth {
  constructor(
    @Inject(DistillationEngine) private readonly engine: DistillationEngine,
    @Inject(AdapterStore) private readonly store: AdapterStore,
    @Inject(ServingControl) private readonly serving: ServingControl,
    @Inject(Database) private readonly database: Database,
    @Inject(WarmUp) private readonly warmUp: WarmUp,
  ) {}

  async check(): Promise<HealthReport> {
    const [engine, storage, serving, database] = await Promise.all([
      checkPart(async () => {
        const { problem, details } = await this.engine.health();
        return { problem, details: { model_state: this.modelState(details), ...details } };
      }),
      checkPart(async () => ({ problem: null, details: { ...(await this.store.health()) } })),
      checkPart(async () => {
        const { problem, details } = await this.serving.health();
        return { problem, details };
      }),
      checkPart(async () => ({ problem: null, details: { kind: (await this.database.health()).kind } })),
    ]);
    const canStep = [engine, storage, database].every(isHealthy);
    const status = !canStep ? 'unhealthy' : isHealthy(serving) ? 'healthy' : 'degraded';
    return { status, parts: { engine, storage, serving, database } };
  }

  /** An engine that has the model says so; otherwise the next request loads it, unless the start is doing that now. */
  private modelState(details: Readonly<Record<string, unknown>>): string {
    if (typeof details['baseModel'] === 'string') return 'loaded';
    return this.warmUp.state === 'ready' ? 'not_loaded' : this.warmUp.state;
  }
}

function isHealthy({ status }: PartHealth): boolean {
  return status === 'healthy';
}
