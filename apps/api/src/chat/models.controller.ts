import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { ClaasError } from '@claas/contracts';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../openapi/api-problems.js';
import { ModelDirectory } from './model-directory.js';
import { ModelDto, ModelListDto, toModelDto } from './model-list.dto.js';

@ApiTags('chat')
@Controller('v1/models')
export class ModelsController {
  constructor(@Inject(ModelDirectory) private readonly models: ModelDirectory) {}

  @Get()
  @ApiOperation({ summary: 'List what can be chatted with (OpenAI-compatible)' })
  @ApiOkResponse({ type: ModelListDto })
  async list(): Promise<OnTheWire<ModelListDto>> {
    return { object: 'list', data: (await this.models.list()).map(toModelDto) };
  }

  @Get('*')
  @ApiOperation({ summary: 'Describe one model (OpenAI-compatible)' })
  @ApiParam({
    name: 'path',
    description: 'Name of the model, its slashes as they are or as %2F.',
    example: 'clay-tiny',
  })
  @ApiOkResponse({ type: ModelDto })
  @ApiProblems('model_not_found')
  async describe(@Param() { '*': name = '' }: Readonly<Record<string, string>>): Promise<OnTheWire<ModelDto>> {
    const entry = (await this.models.list()).find((model) => model.name === name);
    if (entry !== undefined) return toModelDto(entry);
    throw new ClaasError(
      'model_not_found',
      `The model ${JSON.stringify(name.slice(0, 200))} does not exist. GET /v1/models lists those that do.`,
    );
  }
}
