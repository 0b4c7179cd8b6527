import { ApiProperty } from '@nestjs/swagger';
import { StepMetricsOnTheWire, toMetricsOnTheWire } from '../feedback/metrics-mapper.js';
import type { Distilled } from './distill-service.js';
import type { OnTheWire } from '../feedback/dto/on-the-wire.js';

export class DistillAnswerDto {
  @ApiProperty({ description: 'The new adapter.', example: 'user/my-lora-20260222-101530' })
  lora_id!: string;

  @ApiProperty({ description: 'Numbers of the last optimizer step.', type: StepMetricsOnTheWire })
  metadata!: StepMetricsOnTheWire;
}

export function toDistillAnswer({ loraId, metrics }: Distilled): OnTheWire<DistillAnswerDto> {
  return { lora_id: loraId, metadata: toMetricsOnTheWire(metrics) };
}
