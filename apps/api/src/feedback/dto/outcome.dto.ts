import { ApiProperty } from '@nestjs/swagger';
import type { Feedback } from '../feedback.js';
import type { PhaseTimings } from '../phase-timings.js';
import { ReceiptOnTheWire, toReceiptOnTheWire } from '../receipt-mapper.js';
import { StepMetricsOnTheWire, toMetricsOnTheWire } from '../metrics-mapper.js';

export class DistillResultDto {
  @ApiProperty({ example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'The version that learned.', type: 'integer', example: 1 })
  version!: number;

  @ApiProperty({ type: StepMetricsOnTheWire })
  metadata!: StepMetricsOnTheWire;
}

/** What the server did; named after vLLM, whichever server it is. */
export class ServingDto {
  @ApiProperty({ description: 'It was put to sleep for the step.' })
  slept!: boolean;

  @ApiProperty({ description: 'It was woken after the step.' })
  woke!: boolean;

  @ApiProperty({ description: 'It was told to answer with the new version.' })
  published!: boolean;

  @ApiProperty({ description: 'It answers with the new version: its log-probs match the trainer’s.' })
  verified!: boolean;
}

/** Whole milliseconds; 0 for a phase that did not run. */
export class TimingDto implements PhaseTimings {
  @ApiProperty({ type: 'integer' })
  queue!: number;

  @ApiProperty({ type: 'integer' })
  drain!: number;

  @ApiProperty({ type: 'integer' })
  sleep!: number;

  @ApiProperty({ type: 'integer' })
  distill!: number;

  @ApiProperty({ type: 'integer' })
  save!: number;

  @ApiProperty({ type: 'integer' })
  wake!: number;

  @ApiProperty({ type: 'integer' })
  publish!: number;

  @ApiProperty({ type: 'integer' })
  verify!: number;

  @ApiProperty({ description: 'From acceptance to the end.', type: 'integer' })
  total!: number;
}

/** What became of a feedback: the part that answer, listing and log file have in common. */
export class OutcomeDto {
  @ApiProperty({ description: 'The version that learned.', type: 'integer', nullable: true, example: 1 })
  version!: number | null;

  @ApiProperty({ type: DistillResultDto, nullable: true })
  distill_result!: DistillResultDto | null;

  @ApiProperty({ type: ReceiptOnTheWire, nullable: true })
  receipt!: ReceiptOnTheWire | null;

  @ApiProperty({ type: ServingDto })
  vllm!: ServingDto;

  @ApiProperty({ type: TimingDto })
  timing_ms!: TimingDto;
}

export function toOutcome(feedback: Feedback): OutcomeDto {
  const { version, result, serving, loraId } = feedback;
  const { slept, woke, published, verification } = serving;
  const isDistilled = result !== null && version !== null;
  return {
    version,
    distill_result: isDistilled ? { lora_id: loraId, version, metadata: toMetricsOnTheWire(result.metrics) } : null,
    receipt: isDistilled ? toReceiptOnTheWire(result.receipt, verification) : null,
    vllm: { slept, woke, published, verified: verification?.verified ?? false },
    timing_ms: feedback.timings,
  };
}
