import { ApiProperty } from '@nestjs/swagger';
import { EXECUTION_MODES, type ExecutionMode } from '../config/environment.js';

export class ServiceDescriptionDto {
  @ApiProperty({ description: 'Name of the service.', example: 'CLaaS API' })
  name!: string;

  @ApiProperty({ description: 'Version of the service.', example: '0.1.0' })
  version!: string;

  @ApiProperty({
    description: 'What the service does.',
    example: 'Continual Learning as a Service - SDPO-style distillation',
  })
  description!: string;

  @ApiProperty({ description: 'Where steps run.', enum: EXECUTION_MODES, example: 'local' })
  mode!: ExecutionMode;

  @ApiProperty({ description: 'Name of the base model.', example: 'clay-tiny' })
  base_model!: string;

  @ApiProperty({ description: 'Path of the explorer.', example: '/docs' })
  docs!: string;

  @ApiProperty({
    description: 'Paths to go on from, by what is there.',
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { openapi: '/openapi.json', health: '/v1/health', metrics: '/metrics', models: '/v1/models' },
  })
  links!: Readonly<Record<string, string>>;
}
