import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsNumber, IsPositive, Max, Min, ValidateIf } from 'class-validator';
import { DEFAULT_TRAINING_SETTINGS, type TeacherMode } from '@claas/contracts';
import { IsGiven } from './is-given.js';

const FINITE = { allowNaN: false, allowInfinity: false };
const DEFAULTS = DEFAULT_TRAINING_SETTINGS;

/** How the feedback is learned. A field that is left out has its default. */
export class TrainingDto {
  @ApiProperty({
    description: 'Step size of AdamW. Always applies, also when the optimizer continues from an earlier feedback.',
    minimum: 1e-6,
    maximum: 1e-2,
    default: DEFAULTS.learningRate,
    required: false,
  })
  @IsGiven()
  @IsNumber(FINITE)
  @Min(1e-6)
  @Max(1e-2)
  learning_rate?: number;

  @ApiProperty({
    description:
      'Divergence between student S and teacher T: 0 is KL(T‖S), 1 is KL(S‖T), between them the generalised Jensen-Shannon divergence. The loss jumps at both ends; between them it saturates where the base model is nearly certain, so that 0 learns new facts (a name) much faster.',
    minimum: 0,
    maximum: 1,
    default: DEFAULTS.alpha,
    required: false,
  })
  @IsGiven()
  @IsNumber(FINITE)
  @Min(0)
  @Max(1)
  alpha?: number;

  @ApiProperty({
    description: 'Upper cut of the importance ratio between the model now and the model that answered.',
    minimum: 1,
    maximum: 20,
    default: DEFAULTS.isClip,
    required: false,
  })
  @IsGiven()
  @IsNumber(FINITE)
  @Min(1)
  @Max(20)
  is_clip?: number;

  @ApiProperty({
    description: 'Gradients with a larger global norm are scaled down to it.',
    minimum: 0,
    exclusiveMinimum: true,
    default: DEFAULTS.maxGradNorm,
    required: false,
    type: Number,
  })
  @IsGiven()
  @IsNumber(FINITE)
  @IsPositive()
  max_grad_norm?: number;

  @ApiProperty({
    description: 'Weight of the KL divergence to the base model; 0 skips it.',
    minimum: 0,
    maximum: 1,
    default: DEFAULTS.klRegWeight,
    required: false,
  })
  @IsGiven()
  @IsNumber(FINITE)
  @Min(0)
  @Max(1)
  kl_reg_weight?: number;

  @ApiPropertyOptional({
    description:
      'Compare only the K most likely tokens and the rest as one; null compares the whole vocabulary. Default: null in mode `self`, 100 in mode `remote`.',
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    nullable: true,
  })
  @ValidateIf((_body, value: unknown) => value !== undefined && value !== null)
  @IsInt()
  @Min(1)
  @Max(1000)
  top_k?: number | null;

  @ApiPropertyOptional({
    description: 'The name that the Python service has for `top_k`.',
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    nullable: true,
    deprecated: true,
  })
  @ValidateIf((_body, value: unknown) => value !== undefined && value !== null)
  @IsInt()
  @Min(1)
  @Max(1000)
  teacher_top_k?: number | null;

  @ApiProperty({
    description:
      '`self`: the base model with the feedback in its context teaches. `remote`: a larger model does, where the service has one.',
    enum: ['self', 'remote'],
    default: DEFAULTS.teacherMode,
    required: false,
  })
  @IsGiven()
  @IsIn(['self', 'remote'])
  teacher_mode?: TeacherMode;

  @ApiProperty({
    description: 'Optimizer steps on this one feedback.',
    type: 'integer',
    minimum: 1,
    maximum: 16,
    default: DEFAULTS.steps,
    required: false,
  })
  @IsGiven()
  @IsInt()
  @Min(1)
  @Max(16)
  steps?: number;
}
