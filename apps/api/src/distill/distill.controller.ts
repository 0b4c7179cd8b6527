import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { LessonDto } from '../feedback/dto/lesson.dto.js';
import { readLesson } from '../feedback/dto/read-lesson.js';
import { DistillAnswerDto, toDistillAnswer } from './distill-answer.dto.js';
import { DistillService } from './distill-service.js';
import type { OnTheWire } from '../feedback/dto/on-the-wire.js';

const EXAMPLES = {
  text: {
    summary: 'One step into a new adapter',
    value: {
      lora_id: 'user/my-lora-init',
      prompt: 'Write a function to calculate factorial',
      response: 'def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)',
      feedback: 'Good recursive solution',
      training: { learning_rate: 1e-4, alpha: 0.5 },
    },
  },
};

@ApiTags('feedback')
@Controller('v1/distill')
export class DistillController {
  constructor(@Inject(DistillService) private readonly service: DistillService) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'One step into a new adapter, without serving',
    description:
      'Saves the result as `<base>-YYYYMMDD-HHMMSS` and points the alias `<base>-latest` at it, where `<base>` is the adapter’s id without `-init` or the time of an earlier distillation. The adapter that it began with stays as it is.',
  })
  @ApiBody({ type: LessonDto, examples: EXAMPLES })
  @ApiResponse({ status: 200, type: DistillAnswerDto })
  @ApiResponse({ status: 404, description: 'No such adapter or completion.' })
  @ApiResponse({ status: 409, description: '`<base>-latest` is the id of an adapter.' })
  @ApiResponse({ status: 422, description: 'The body can’t be learned from; nothing was changed.' })
  @ApiResponse({ status: 500, description: 'The step failed; nothing was changed.' })
  async distill(@Body() body: LessonDto): Promise<OnTheWire<DistillAnswerDto>> {
    return toDistillAnswer(await this.service.distill(body.lora_id, readLesson(body)));
  }
}
