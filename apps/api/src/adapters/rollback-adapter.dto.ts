import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Min } from 'class-validator';
import { AdapterIdField } from './adapter-id.dto.js';

export class RollbackAdapterDto {
  @AdapterIdField({ description: 'Id or alias of the adapter.', example: 'user/my-lora' })
  lora_id!: string;

  @ApiProperty({ description: 'Version to go back (or forward) to.', type: 'integer', minimum: 0, example: 0 })
  @IsInt()
  @Min(0)
  version!: number;
}

export class AdapterRolledBackDto {
  @ApiProperty({ description: 'Id of the adapter.', example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'Version that is the head and is served now.', type: 'integer', example: 0 })
  version!: number;

  @ApiProperty({ description: 'Version that was the head before.', type: 'integer', example: 1 })
  previous_version!: number;
}

export class AdapterDeletedDto {
  @ApiProperty({ description: 'False when there was no such adapter or alias.', example: true })
  deleted!: boolean;
}
