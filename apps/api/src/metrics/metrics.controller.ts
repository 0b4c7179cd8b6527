import { Controller, Get, Header, Inject } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';

@ApiTags('service')
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  @Get()
  @RouteConfig({ isProbe: true })
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiOperation({ summary: 'Measurements in Prometheus’ text format' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The measurements.', content: { 'text/plain': { schema: { type: 'string' } } } })
  read(): Promise<string> {
    return this.registry.metrics();
  }
}
