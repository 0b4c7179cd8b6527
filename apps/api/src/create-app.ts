import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import type { BodyLimits } from './http/body-parsers.js';
import { createHttpAdapter } from './http/create-http-adapter.js';
import { createValidationPipe } from './http/validation.pipe.js';
import { NestLogger } from './logging/nest-logger.js';

/** `module` behind HTTP as every route of the service has it, not yet listening. */
export async function createApp(
  module: Type | DynamicModule,
  limits: BodyLimits,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const { adapter, problemFilter } = createHttpAdapter(limits, logger);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    abortOnError: false,
    bodyParser: false,
    logger: new NestLogger(logger),
  });
  app.useGlobalFilters(problemFilter);
  app.useGlobalPipes(createValidationPipe());
  return app;
}
