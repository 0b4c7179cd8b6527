import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Min } from 'class-validator';
import { AdapterIdField } from './adapter-id.dto.js';

/** Digits as a number; anything else stays text, for validation to refuse. */
const toInteger = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;

const toBoolean = ({ value }: { value: unknown }): unknown =>
  value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value;

export class ListAdaptersQuery {
  @ApiPropertyOptional({
    description:
      'Only ids and aliases that begin with this, character by character: `user1/` never matches `user10/x`.',
    example: 'user/',
  })
  @IsOptional()
  @IsString()
  @Matches(/^(?!\.)(?!.*\/\.)[A-Za-z0-9._/-]{0,200}$/, {
    message:
      'prefix must be the beginning of an adapter id: letters, digits, ".", "_", "-" and "/", no segment starting with "."',
  })
  prefix?: string;

  @ApiPropertyOptional({
    description: 'Also describe each adapter, in `details`.',
    type: 'boolean',
    default: false,
    example: true,
  })
  @IsOptional()
  @Transform(toBoolean)
  @IsBoolean()
  detail?: boolean;
}

export class AdapterQuery {
  @AdapterIdField({ description: 'Id or alias of the adapter.', example: 'user/my-lora' })
  lora_id!: string;
}

export class AdapterVersionQuery extends AdapterQuery {
  @ApiPropertyOptional({ description: 'Version. Default: the head.', type: 'integer', minimum: 0, example: 0 })
  @IsOptional()
  @Transform(toInteger)
  @IsInt()
  @Min(0)
  version?: number;
}
