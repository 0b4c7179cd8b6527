import { ApiProperty } from '@nestjs/swagger';
import type { StepMetrics } from '@claas/contracts';
import type { OnTheWire } from './dto/on-the-wire.js';

/** Numbers of the last optimizer step of a feedback, before its update; named as the Python service names them. */
export class StepMetricsOnTheWire {
  @ApiProperty({ description: '`distill_loss` + `kl_reg_weight` · `kl_reg`.', example: 0.1724 })
  total_loss!: number;

  @ApiProperty({
    description: 'Mean divergence per response token, weighted by the importance ratio.',
    example: 0.1722,
  })
  distill_loss!: number;

  @ApiProperty({ description: 'Mean KL to the base model per response token.', example: 0.0213 })
  kl_reg!: number;

  @ApiProperty({ description: 'Mean importance ratio, after the cut.', example: 1 })
  mean_is_ratio!: number;

  @ApiProperty({ description: 'Share of response tokens whose ratio was cut.', example: 0 })
  clip_fraction!: number;

  @ApiProperty({
    description: 'Global norm of the gradient before clipping; null where a training service doesn’t tell it.',
    type: Number,
    nullable: true,
    example: 0.83,
  })
  grad_norm!: number | null;

  @ApiProperty({ description: 'Response tokens.', type: 'integer', example: 14 })
  tokens_processed!: number;

  @ApiProperty({ description: 'Who taught.', enum: ['self', 'remote'], example: 'self' })
  teacher_mode!: string;

  @ApiProperty({ description: 'Optimizer steps.', type: 'integer', example: 1 })
  steps!: number;
}

export function toMetricsOnTheWire(metrics: StepMetrics): OnTheWire<StepMetricsOnTheWire> {
  return {
    total_loss: metrics.totalLoss,
    distill_loss: metrics.distillLoss,
    kl_reg: metrics.klReg,
    mean_is_ratio: metrics.meanIsRatio,
    clip_fraction: metrics.clipFraction,
    grad_norm: metrics.gradNorm,
    tokens_processed: metrics.tokensProcessed,
    teacher_mode: metrics.teacherMode,
    steps: metrics.steps,
  };
}
