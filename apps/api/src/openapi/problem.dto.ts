import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '@claas/contracts';

export class FieldErrorDto {
  @ApiProperty({ description: 'Path of the field in the request.', example: 'training.learning_rate' })
  field!: string;

  @ApiProperty({ description: 'What is wrong with it.', example: 'must not be greater than 0.01' })
  message!: string;
}

/** RFC 9457 problem details. */
export class ProblemDto {
  @ApiProperty({ description: 'URI of the kind of problem.', example: 'urn:claas:error:adapter_not_found' })
  type!: string;

  @ApiProperty({ description: 'What went wrong, in general.', example: 'Adapter not found' })
  title!: string;

  @ApiProperty({ description: 'HTTP status.', type: 'integer', example: 404 })
  status!: number;

  @ApiProperty({
    description: 'What went wrong with this request, and what to do next.',
    example: 'LoRA not found: user/x. GET /v1/lora lists the adapters; POST /v1/lora/init creates one.',
  })
  detail!: string;

  @ApiProperty({
    description: 'Stable code of the cause; docs/errors.md lists all.',
    enum: ERROR_CODES,
    example: 'adapter_not_found',
  })
  code!: ErrorCode;

  @ApiProperty({
    description: 'Id of the request, as in `x-request-id` and in the log.',
    example: '5186ba7e-d319-42b2-83e8-8559d321ce85',
  })
  request_id!: string;

  @ApiPropertyOptional({ description: 'Of an invalid request: every field that is wrong.', type: [FieldErrorDto] })
  errors?: readonly FieldErrorDto[];
}
