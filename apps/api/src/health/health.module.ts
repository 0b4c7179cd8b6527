import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { LivenessController } from './liveness.controller.js';
import { ServiceHealth } from './service-health.js';

/** Whether the process lives, and whether it can do its work. */
@Module({ controllers: [LivenessController, HealthController], providers: [ServiceHealth] })
export class HealthModule {}
