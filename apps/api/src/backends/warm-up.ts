import { ClaasError } from '@claas/contracts';
import type { Logger } from 'pino';
import type { Backend } from './backend.js';

export type WarmUpState = 'not_started' | 'loading' | 'ready' | 'failed';

/** Loads the base model beside the first requests, so that the first chat need not wait for it. */
export class WarmUp {
  private current: WarmUpState = 'not_started';

  constructor(
    private readonly backend: Pick<Backend, 'warmUp' | 'startsOnDemand'>,
    private readonly logger: Logger,
  ) {}

  get state(): WarmUpState {
    return this.current;
  }

  /** Never rejects: the engine tries again when it is asked for something, and health says what is wrong. */
  async run(): Promise<void> {
    const begin = performance.now();
    this.current = 'loading';
    try {
      await this.backend.warmUp();
      if (this.backend.startsOnDemand === true) {
        this.current = 'not_started';
        this.logger.info('the base model is loaded with the first request that needs it');
        return;
      }
      this.current = 'ready';
      this.logger.info({ duration_ms: Math.round(performance.now() - begin) }, 'base model loaded');
    } catch (error) {
      if (ClaasError.from(error).code === 'cancelled') {
        this.current = 'not_started';
        this.logger.info('the service ends before its base model is loaded');
        return;
      }
      this.current = 'failed';
      this.logger.error({ err: error }, 'base model could not be loaded');
    }
  }
}
