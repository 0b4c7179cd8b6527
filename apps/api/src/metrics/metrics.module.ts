import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { FeedbackHub } from '../feedback/feedback-hub.js';
import { FeedbackModule } from '../feedback/feedback.module.js';
import { FeedbackRepository } from '../feedback/feedback-repository.js';
import { LOGGER } from '../logging/create-logger.js';
import { feedbackLogLine } from './feedback-log-line.js';
import { FeedbackMetrics } from './feedback-metrics.js';
import { measureRequests } from './http-metrics.js';
import { MetricsController } from './metrics.controller.js';

/** Measures requests and feedbacks, and writes a line for each feedback that is finished. */
@Module({
  imports: [FeedbackModule],
  controllers: [MetricsController],
  providers: [
    {
      provide: Registry,
      inject: [HttpAdapterHost],
      useFactory: ({ httpAdapter }: HttpAdapterHost) => {
        const registry = new Registry();
        collectDefaultMetrics({ register: registry });
        // Before Nest registers its routes: Fastify gives a hook only to routes that come later.
        measureRequests(httpAdapter.getInstance<FastifyInstance>(), registry);
        return registry;
      },
    },
  ],
})
export class MetricsModule implements OnModuleInit {
  constructor(
    @Inject(Registry) private readonly registry: Registry,
    @Inject(FeedbackHub) private readonly hub: FeedbackHub,
    @Inject(FeedbackRepository) private readonly feedbacks: FeedbackRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    const metrics = new FeedbackMetrics(this.registry, () => this.feedbacks.countUnfinished());
    this.hub.onAnyChange((feedback) => {
      if (feedback.finishedAt === null) return;
      metrics.observe(feedback);
      const line = feedbackLogLine(feedback);
      if (feedback.error === null) this.logger.info(line, 'feedback finished');
      else this.logger.warn(line, 'feedback finished');
    });
  }
}
