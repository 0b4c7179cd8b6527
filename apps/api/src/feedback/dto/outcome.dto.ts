import { ApiProperty } from '@nestjs/swagger';
import type { Feedback } from '../feedback.js';
import type { PhaseTimings } from '../phase-timings.js';
import { ReceiptOnTheWire, toReceiptOnTheWire } from '../receipt-mapper.js';
import { StepMetricsOnTheWire, toMetricsOnTheWire } from '../metrics-mapper.js';
import type { OnTheWire } from './on-the-wire.js';

export class DistillResultDto {
  @ApiProperty({ description: 'The adapter that learned.', example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'The version that learned.', type: 'integer', example: 1 })
  version!: number;

  @ApiProperty({ description: 'Numbers of the last optimizer step.', type: StepMetricsOnTheWire })
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
  @ApiProperty({ description: 'Waiting for its turn.', type: 'integer' })
  queue!: number;

  @ApiProperty({ description: 'Waiting for the server to become idle.', type: 'integer' })
  drain!: number;

  @ApiProperty({ description: 'Putting the server to sleep.', type: 'integer' })
  sleep!: number;

  @ApiProperty({ description: 'The step itself.', type: 'integer' })
  distill!: number;

  @ApiProperty({ description: 'Saving the new version.', type: 'integer' })
  save!: number;

  @ApiProperty({ description: 'Waking the server.', type: 'integer' })
  wake!: number;

  @ApiProperty({ description: 'Telling the server of the new version.', type: 'integer' })
  publish!: number;

  @ApiProperty({ description: 'Checking that the server answers with it.', type: 'integer' })
  verify!: number;

  @ApiProperty({
    description: 'Always 0, for clients of the Python service: log-probs are known from sampling or measured by the step.',
    type: 'integer',
  })
  logprobs!: 0;

  @ApiProperty({ description: 'From acceptance to the end.', type: 'integer' })
  total!: number;
}

/** What became of a feedback: the part that answer, listing and log file have in common. */
export class OutcomeDto {
  @ApiProperty({ description: 'The version that learned.', type: 'integer', nullable: true, example: 1 })
  version!: number | null;

  @ApiProperty({
    description: 'What the step made; null as long as it has made nothing.',
    type: DistillResultDto,
    nullable: true,
  })
  distill_result!: DistillResultDto | null;

  @ApiProperty({
    description: 'What proves that the step did something; null as long as it has made nothing.',
    type: ReceiptOnTheWire,
    nullable: true,
  })
  receipt!: ReceiptOnTheWire | null;

  @ApiProperty({ description: 'What the server did.', type: ServingDto })
  vllm!: ServingDto;

  @ApiProperty({ description: 'How long each phase took.', type: TimingDto })
  timing_ms!: TimingDto;
}

export function toOutcome(feedback: Feedback): OnTheWire<OutcomeDto> {
  const { version, result, serving, loraId } = feedback;
  const { slept, woke, published, verification } = serving;
  const isDistilled = result !== null && version !== null;
  return {
    version,
    distill_result: isDistilled ? { lora_id: loraId, version, metadata: toMetricsOnTheWire(result.metrics) } : null,
    receipt: isDistilled ? toReceiptOnTheWire(result.receipt, verification) : null,
    vllm: { slept, woke, published, verified: verification?.verified ?? false },
    timing_ms: { ...feedback.timings, logprobs: 0 },
  };
}
