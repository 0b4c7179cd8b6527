import { ADAPTER_ID_RULE } from '@claas/contracts';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { IsNotEmpty, IsString } from 'class-validator';

/** A field that names an adapter. The rule of ids itself is checked where ids are parsed, which says it in full. */
export function AdapterIdField(options: ApiPropertyOptions): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      ...options,
      description: `${options.description ?? ''} ${ADAPTER_ID_RULE}`.trim(),
    }),
    IsString(),
    IsNotEmpty(),
  );
}
