import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString } from 'class-validator';

const ROLES = ['system', 'user', 'assistant'] as const;

export class MessageDto {
  @ApiProperty({ description: 'Who speaks.', enum: ROLES, example: 'user' })
  @IsIn(ROLES)
  role!: (typeof ROLES)[number];

  @ApiProperty({ description: 'What was said.', example: 'Who are you?' })
  @IsString()
  content!: string;
}
