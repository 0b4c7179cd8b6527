import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { LORA_MODULES, type AdapterSummary, type LoraModule } from '@claas/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { toReceiptOnTheWire, ReceiptOnTheWire } from '../feedback/receipt-mapper.js';

export class AdapterDetailDto {
  @ApiProperty({ description: 'Id of the adapter.', example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'Other names of it.', type: [String], example: ['user/my-lora', 'user/my-lora-latest'] })
  aliases!: readonly string[];

  @ApiProperty({ description: 'Head version: the newest, unless it was rolled back.', type: 'integer', example: 0 })
  version!: number;

  @ApiProperty({ description: 'Base model that it belongs to.', example: 'clay-tiny' })
  base_model!: string;

  @ApiProperty({ description: 'Rank.', type: 'integer', example: 8 })
  lora_r!: number;

  @ApiProperty({ description: 'Scale, before it is divided by the rank.', type: 'number', example: 16 })
  lora_alpha!: number;

  @ApiProperty({
    description: 'Linear modules that it changes.',
    enum: LORA_MODULES,
    isArray: true,
    example: ['q_proj', 'v_proj'],
  })
  target_modules!: readonly LoraModule[];

  @ApiProperty({ description: 'When it was created (UTC).', format: 'date-time', example: '2026-01-01T12:00:00.000Z' })
  created_at!: string;

  @ApiProperty({
    description: 'When its head last moved (UTC).',
    format: 'date-time',
    example: '2026-01-01T12:00:00.000Z',
  })
  updated_at!: string;

  @ApiProperty({
    description: 'What proves that the step behind the head learned something; null where there was no step.',
    type: ReceiptOnTheWire,
    nullable: true,
  })
  last_receipt!: ReceiptOnTheWire | null;
}

export class AdapterListDto {
  @ApiProperty({
    description: 'Ids and aliases, sorted.',
    type: [String],
    example: ['user/my-lora', 'user/my-lora-init', 'user/my-lora-latest'],
  })
  loras!: readonly string[];

  @ApiPropertyOptional({
    description: 'With `detail=true`: each adapter once, sorted by id.',
    type: [AdapterDetailDto],
  })
  details?: readonly AdapterDetailDto[];
}

export function toAdapterDetail({
  loraId,
  aliases,
  head,
  createdAt,
  updatedAt,
}: AdapterSummary): OnTheWire<AdapterDetailDto> {
  return {
    lora_id: loraId,
    aliases,
    version: head.version,
    base_model: head.baseModel,
    lora_r: head.rank,
    lora_alpha: head.loraAlpha,
    target_modules: head.targetModules,
    created_at: createdAt,
    updated_at: updatedAt,
    last_receipt: head.receipt === null ? null : toReceiptOnTheWire(head.receipt, null),
  };
}
