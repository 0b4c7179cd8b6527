import { ApiProperty } from '@nestjs/swagger';
import type { LearningReceipt, Verification } from '@claas/contracts';
import type { OnTheWire } from './dto/on-the-wire.js';

/** What one token of the answer says of the feedback. */
export class TokenSignalOnTheWire {
  @ApiProperty({ description: 'Id of the token.', type: 'integer' })
  token_id!: number;

  @ApiProperty({ description: 'The token’s own text; joined, the texts are the answer.' })
  text!: string;

  @ApiProperty({ description: 'log T − log S before the step: positive where the teacher likes the token better.' })
  signal!: number;
}

/** How far the server’s log-probs are from the trainer’s. */
export class VerificationOnTheWire {
  @ApiProperty({ description: 'Largest absolute difference of a token’s log-prob, in nats.', example: 1.2e-6 })
  max_difference!: number;

  @ApiProperty({ description: 'What still counts as rounding, in nats.', example: 1e-3 })
  tolerance!: number;
}

/** What the step cost where compute is rented. */
export class StepComputeOnTheWire {
  @ApiProperty({ description: 'The GPU, as the provider names it.', example: 'L40S' })
  gpu!: string;

  @ApiProperty({ description: 'Seconds of it, the start of a machine included.', example: 4.2 })
  seconds!: number;
}

/** What proves that a step did something, measured. Log-probs are sums over the answer, in nats. */
export class ReceiptOnTheWire {
  @ApiProperty({ description: 'Mean divergence per response token before the step.', example: 0.1722 })
  gap_before!: number;

  @ApiProperty({ description: 'The same tokens against the same fixed teacher after it.', example: 0.1516 })
  gap_after!: number;

  @ApiProperty({
    description: 'Log-prob of the answer before the step, at the temperature that it was sampled with.',
    example: -9.71,
  })
  response_logprob_before!: number;

  @ApiProperty({ description: 'The same after the step.', example: -11.02 })
  response_logprob_after!: number;

  @ApiProperty({ description: 'Each token of the answer, in order.', type: [TokenSignalOnTheWire] })
  tokens!: readonly TokenSignalOnTheWire[];

  @ApiProperty({ description: 'Norm of the change of all adapted weights.', example: 0.046 })
  adapter_change!: number;

  @ApiProperty({
    description: 'The same, relative to the norm of the frozen weights; null where those are out of reach (tinker).',
    type: Number,
    nullable: true,
    example: 0.0007,
  })
  adapter_change_relative!: number | null;

  @ApiProperty({
    description: 'Global norm of the gradient before clipping; null where a training service doesn’t tell it.',
    type: Number,
    nullable: true,
    example: 0.83,
  })
  grad_norm!: number | null;

  @ApiProperty({ description: 'Mean importance ratio over the answer.', example: 1 })
  mean_importance_ratio!: number;

  @ApiProperty({ description: 'Share of the answer’s tokens whose ratio was cut.', example: 0 })
  clip_fraction!: number;

  @ApiProperty({
    description: 'Mean KL to the base model per response token before the step; null when `kl_reg_weight` is 0.',
    type: Number,
    nullable: true,
    example: 0.0213,
  })
  kl_to_base!: number | null;

  @ApiProperty({ description: 'Things to know, such as a feedback that was too long and was cut.', type: [String] })
  warnings!: readonly string[];

  @ApiProperty({
    description: 'What the step cost on a rented GPU (mode modal); null elsewhere.',
    type: StepComputeOnTheWire,
    nullable: true,
  })
  compute!: StepComputeOnTheWire | null;

  @ApiProperty({
    description:
      'The served model’s log-probs on the answer against the trainer’s; null when the server was not asked.',
    type: VerificationOnTheWire,
    nullable: true,
  })
  verified!: VerificationOnTheWire | null;
}

/** `verification` is null where the server was not asked. */
export function toReceiptOnTheWire(
  receipt: LearningReceipt,
  verification: Verification | null,
): OnTheWire<ReceiptOnTheWire> {
  return {
    gap_before: receipt.gapBefore,
    gap_after: receipt.gapAfter,
    response_logprob_before: receipt.responseLogprobBefore,
    response_logprob_after: receipt.responseLogprobAfter,
    tokens: receipt.tokens.map(({ tokenId, text, signal }) => ({ token_id: tokenId, text, signal })),
    adapter_change: receipt.adapterChange,
    adapter_change_relative: receipt.adapterChangeRelative,
    grad_norm: receipt.gradNorm,
    mean_importance_ratio: receipt.meanImportanceRatio,
    clip_fraction: receipt.clipFraction,
    kl_to_base: receipt.klToBase,
    warnings: receipt.warnings,
    compute: receipt.compute ?? null,
    verified:
      verification === null ? null : { max_difference: verification.maxDifference, tolerance: verification.tolerance },
  };
}
