import { ApiProperty } from '@nestjs/swagger';
import { StepMetricsAnswer, toStepMetricsAnswer } from '../feedback/dto/step-metrics-answer.js';
import type { Distilled } from './distill-service.js';

export class DistillAnswer {
  @ApiProperty({ description: 'The new adapter.', example: 'user/my-lora-20260222-101530' })
  lora_id!: string;

  @ApiProperty({ type: StepMetricsAnswer })
  metadata!: StepMetricsAnswer;
}

export function toDistillAnswer({ loraId, metrics }: Distilled): DistillAnswer {
  return { lora_id: loraId, metadata: toStepMetricsAnswer(metrics) };
}
