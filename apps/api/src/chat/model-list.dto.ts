import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { ApiProperty } from '@nestjs/swagger';
import { unixSeconds } from './answer-facts.js';
import type { ModelEntry } from './model-directory.js';

export class ModelDto {
  @ApiProperty({ description: 'Name to ask for: the base model, an adapter, or an alias.', example: 'user/my-lora' })
  id!: string;

  @ApiProperty({ description: 'Always `model`.', example: 'model' })
  object!: string;

  @ApiProperty({ description: 'When it was created, in seconds since 1970.', type: 'integer', example: 1767268800 })
  created!: number;

  @ApiProperty({ description: 'Always `claas`.', example: 'claas' })
  owned_by!: string;

  @ApiProperty({
    description: 'The adapter behind an alias, the base model behind an adapter; null for the base model.',
    type: String,
    nullable: true,
    example: 'user/my-lora-init',
  })
  root!: string | null;
}

export class ModelListDto {
  @ApiProperty({ description: 'Always `list`.', example: 'list' })
  object!: string;

  @ApiProperty({ description: 'The base model, then adapters and aliases sorted by name.', type: [ModelDto] })
  data!: ModelDto[];
}

export function toModelDto({ name, root, createdAt }: ModelEntry): OnTheWire<ModelDto> {
  return { id: name, object: 'model', created: unixSeconds(createdAt), owned_by: 'claas', root };
}
