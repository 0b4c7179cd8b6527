import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { serviceVersion } from '../config/service-version.js';
import { SETTINGS, type Settings } from '../config/settings.js';
import { ServiceDescriptionDto } from './service-description.dto.js';

@ApiTags('service')
@Controller()
export class RootController {
  private readonly version = serviceVersion();

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  @Get()
  @ApiOperation({ summary: 'What this service is, and where to go on' })
  @ApiOkResponse({ type: ServiceDescriptionDto })
  describe(): OnTheWire<ServiceDescriptionDto> {
    return {
      name: 'CLaaS API',
      version: this.version,
      description: 'Continual Learning as a Service - SDPO-style distillation',
      mode: this.settings.mode,
      base_model: this.settings.baseModel.name,
      docs: '/docs',
      links: { openapi: '/openapi.json', health: '/v1/health', metrics: '/metrics', models: '/v1/models' },
    };
  }
}
