import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { HealthDto, ReadinessDto, toHealthDto } from './health.dto.js';
import { ServiceHealth } from './service-health.js';

@ApiTags('service')
@Controller()
export class HealthController {
  constructor(@Inject(ServiceHealth) private readonly health: ServiceHealth) {}

  @Get('v1/health')
  @RouteConfig({ isProbe: true })
  @ApiOperation({ summary: 'How every part of the service is' })
  @ApiOkResponse({ type: HealthDto })
  @ApiResponse({ status: 503, description: 'No step could run.', type: HealthDto })
  async report(@Res({ passthrough: true }) reply: FastifyReply): Promise<OnTheWire<HealthDto>> {
    const report = await this.health.check();
    void reply.status(report.status === 'unhealthy' ? 503 : 200);
    return toHealthDto(report);
  }

  @Get('readyz')
  @RouteConfig({ isProbe: true })
  @ApiOperation({ summary: 'Could a step run?' })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiResponse({ status: 503, description: 'Not now.', type: ReadinessDto })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<OnTheWire<ReadinessDto>> {
    const { status } = await this.health.check();
    const isReady = status !== 'unhealthy';
    void reply.status(isReady ? 200 : 503);
    return { status: isReady ? 'ready' : 'not_ready' };
  }
}
