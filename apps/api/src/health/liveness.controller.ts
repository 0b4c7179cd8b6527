import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { Controller, Get } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';

export class LivenessDto {
  @ApiProperty({ description: 'Always `alive`: the process answers.', example: 'alive' })
  status!: 'alive';
}

@ApiTags('service')
@Controller()
export class LivenessController {
  @Get('livez')
  @RouteConfig({ isProbe: true })
  @ApiOperation({ summary: 'Does the process answer? Asks nothing else' })
  @ApiOkResponse({ type: LivenessDto })
  live(): OnTheWire<LivenessDto> {
    return { status: 'alive' };
  }
}
