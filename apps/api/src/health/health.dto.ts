import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { ApiProperty } from '@nestjs/swagger';
import type { PartHealth } from './part-health.js';
import type { HealthReport } from './service-health.js';

export class PartHealthDto {
  @ApiProperty({ description: 'How this part is.', enum: ['healthy', 'unhealthy'], example: 'healthy' })
  status!: string;

  @ApiProperty({ description: 'How long it took to say so, in milliseconds.', example: 1.5 })
  latency_ms!: number;

  @ApiProperty({
    description: 'What is wrong with it; null when nothing is.',
    type: String,
    nullable: true,
    example: null,
  })
  error!: string | null;

  @ApiProperty({
    description: 'What an operator wants to see of it.',
    type: 'object',
    additionalProperties: true,
    example: {},
  })
  details!: Readonly<Record<string, unknown>>;
}

export class HealthDto {
  @ApiProperty({
    description: '`degraded`: steps run, answers don’t. `unhealthy` (503): no step could run.',
    enum: ['healthy', 'degraded', 'unhealthy'],
    example: 'healthy',
  })
  status!: string;

  @ApiProperty({
    description: 'What runs the steps; `model_state` in its details says whether the base model is loaded yet.',
    type: PartHealthDto,
  })
  engine!: PartHealthDto;

  @ApiProperty({ description: 'Where adapters are kept.', type: PartHealthDto })
  storage!: PartHealthDto;

  @ApiProperty({ description: 'What answers chat requests.', type: PartHealthDto })
  serving!: PartHealthDto;

  @ApiProperty({ description: 'Where feedback and interactions are kept.', type: PartHealthDto })
  database!: PartHealthDto;
}

export class ReadinessDto {
  @ApiProperty({ description: '`ready` when a step could run.', enum: ['ready', 'not_ready'], example: 'ready' })
  status!: string;
}

export function toHealthDto({ status, parts }: HealthReport): OnTheWire<HealthDto> {
  return {
    status,
    engine: toPartDto(parts.engine),
    storage: toPartDto(parts.storage),
    serving: toPartDto(parts.serving),
    database: toPartDto(parts.database),
  };
}

function toPartDto({ status, latencyMs, error, details }: PartHealth): OnTheWire<PartHealthDto> {
  return { status, latency_ms: latencyMs, error, details: snakeCased(details) };
}

function snakeCased(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const toSnake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(details).map(([key, value]) => [toSnake(key), value]));
}
