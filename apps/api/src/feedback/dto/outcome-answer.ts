import { ApiProperty } from '@nestjs/swagger';
import type { Feedback } from '../feedback.js';
import type { PhaseTimings } from '../phase-timings.js';
import { ReceiptAnswer, toReceiptAnswer } from './receipt-answer.js';
import { StepMetricsAnswer, toStepMetricsAnswer } from './step-metrics-answer.js';

export class DistillResultAnswer {
  @ApiProperty({ example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'The version that learned.', type: 'integer', example: 1 })
  version!: number;

  @ApiProperty({ type: StepMetricsAnswer })
  metadata!: StepMetricsAnswer;
}

/** What the server did; named after vLLM, whichever server it is. */
export class ServingAnswer {
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
export class TimingAnswer implements PhaseTimings {
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
export class OutcomeAnswer {
  @ApiProperty({ description: 'The version that learned.', type: 'integer', nullable: true, example: 1 })
  version!: number | null;

  @ApiProperty({ type: DistillResultAnswer, nullable: true })
  distill_result!: DistillResultAnswer | null;

  @ApiProperty({ type: ReceiptAnswer, nullable: true })
  receipt!: ReceiptAnswer | null;

  @ApiProperty({ type: ServingAnswer })
  vllm!: ServingAnswer;

  @ApiProperty({ type: TimingAnswer })
  timing_ms!: TimingAnswer;
}

export function toOutcomeAnswer(feedback: Feedback): OutcomeAnswer {
  const { version, result, serving, loraId } = feedback;
  const { slept, woke, published, verification } = serving;
  const isDistilled = result !== null && version !== null;
  return {
    version,
    distill_result: isDistilled ? { lora_id: loraId, version, metadata: toStepMetricsAnswer(result.metrics) } : null,
    receipt: isDistilled ? toReceiptAnswer(result.receipt, verification) : null,
    vllm: { slept, woke, published, verified: verification?.verified ?? false },
    timing_ms: feedback.timings,
  };
}
