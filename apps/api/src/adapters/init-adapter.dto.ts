import { LORA_MODULES, type LoraModule } from '@claas/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { AdapterIdField } from './adapter-id.dto.js';

export const MAX_SEED = 2 ** 32 - 1;

export class InitAdapterDto {
  @AdapterIdField({
    description:
      'Name of the adapter. It gets the id `<lora_id>-init` and the aliases `<lora_id>` and `<lora_id>-latest`.',
    example: 'user/my-lora',
  })
  lora_id!: string;

  @ApiPropertyOptional({
    description: 'Base model; must be one of `CLAAS_ALLOWED_INIT_BASE_MODELS`. Default: the base model of the service.',
    example: 'clay-tiny',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  base_model?: string;

  @ApiPropertyOptional({
    description: 'Rank of the adapter.',
    type: 'integer',
    minimum: 4,
    maximum: 128,
    default: 32,
    example: 8,
  })
  @IsOptional()
  @IsInt()
  @Min(4)
  @Max(128)
  lora_r?: number;

  @ApiPropertyOptional({
    description: 'Scale of the adapter: its weights count `lora_alpha / lora_r` times.',
    type: 'integer',
    minimum: 8,
    maximum: 256,
    default: 64,
    example: 16,
  })
  @IsOptional()
  @IsInt()
  @Min(8)
  @Max(256)
  lora_alpha?: number;

  @ApiPropertyOptional({
    description: `Linear modules that the adapter changes. Default, also for null: all of ${LORA_MODULES.join(', ')}.`,
    enum: LORA_MODULES,
    isArray: true,
    nullable: true,
    example: ['q_proj', 'v_proj'],
  })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsString({ each: true })
  target_modules?: LoraModule[] | null;

  @ApiPropertyOptional({
    description:
      'Seed of the untrained weights. Default: a random one. The version’s entry in GET /v1/lora/versions has it.',
    type: 'integer',
    minimum: 0,
    maximum: MAX_SEED,
    example: 7,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_SEED)
  seed?: number;
}

export class AdapterCreatedDto {
  @ApiProperty({ description: 'Id of the new adapter.', example: 'user/my-lora-init' })
  lora_id!: string;
}
