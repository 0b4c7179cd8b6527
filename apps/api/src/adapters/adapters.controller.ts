import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { AdapterStore } from '@claas/contracts';
import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblems } from '../openapi/api-problems.js';
import { ARCHIVE_TYPES } from '../http/body-parsers.js';
import { MediaTypeUnsupportedError } from '../http/request-errors.js';
import { AdapterChanges } from './adapter-changes.js';
import { AdapterCreation } from './adapter-creation.js';
import { AdapterListDto, toAdapterDetail } from './adapter-list.dto.js';
import { AdapterQuery, AdapterVersionQuery, ListAdaptersQuery } from './adapter-queries.dto.js';
import { AdapterVersionsDto, toAdapterVersion } from './adapter-versions.dto.js';
import { AdapterCreatedDto, InitAdapterDto } from './init-adapter.dto.js';
import { INIT_EXAMPLES, ROLLBACK_EXAMPLES } from './request-examples.js';
import { AdapterDeletedDto, AdapterRolledBackDto, RollbackAdapterDto } from './rollback-adapter.dto.js';

@ApiTags('adapters')
@Controller('v1/lora')
export class AdaptersController {
  constructor(
    @Inject(AdapterStore) private readonly store: AdapterStore,
    @Inject(AdapterCreation) private readonly creation: AdapterCreation,
    @Inject(AdapterChanges) private readonly changes: AdapterChanges,
  ) {}

  @Post('init')
  @HttpCode(200)
  @ApiOperation({ summary: 'Create an untrained adapter' })
  @ApiBody({ type: InitAdapterDto, examples: INIT_EXAMPLES })
  @ApiOkResponse({ type: AdapterCreatedDto })
  @ApiProblems(
    'adapter_exists',
    'adapter_id_conflict',
    'adapter_id_invalid',
    'base_model_not_allowed',
    'target_module_unknown',
  )
  async init(@Body() body: InitAdapterDto): Promise<OnTheWire<AdapterCreatedDto>> {
    return { lora_id: await this.creation.init(body) };
  }

  @Get()
  @ApiOperation({ summary: 'List adapters and aliases' })
  @ApiOkResponse({ type: AdapterListDto })
  @ApiProblems('request_invalid')
  async list(@Query() { prefix = '', detail = false }: ListAdaptersQuery): Promise<OnTheWire<AdapterListDto>> {
    const adapters = await this.store.list(prefix);
    const aliases = [...(await this.store.aliases()).keys()].filter((alias) => alias.startsWith(prefix));
    const loras = [...adapters.map(({ loraId }) => loraId), ...aliases].sort();
    return detail ? { loras, details: adapters.map(toAdapterDetail) } : { loras };
  }

  @Get('versions')
  @ApiOperation({ summary: 'List the kept versions of an adapter, newest first' })
  @ApiOkResponse({ type: AdapterVersionsDto })
  @ApiProblems('adapter_not_found', 'adapter_id_invalid')
  async versions(@Query() { lora_id }: AdapterQuery): Promise<OnTheWire<AdapterVersionsDto>> {
    const loraId = await this.store.resolve(lora_id);
    const head = await this.store.read(loraId);
    const versions = await this.store.versions(loraId);
    return { lora_id: loraId, versions: versions.map((manifest) => toAdapterVersion(manifest, head.manifest.version)) };
  }

  @Post('rollback')
  @HttpCode(200)
  @ApiOperation({ summary: 'Move the head of an adapter to a kept version, and serve it' })
  @ApiBody({ type: RollbackAdapterDto, examples: ROLLBACK_EXAMPLES })
  @ApiOkResponse({ type: AdapterRolledBackDto })
  @ApiProblems('adapter_not_found', 'adapter_version_not_found', 'adapter_id_invalid', 'serving_failed')
  rollback(@Body() { lora_id, version }: RollbackAdapterDto): Promise<OnTheWire<AdapterRolledBackDto>> {
    return this.changes.rollback(lora_id, version);
  }

  @Get('export')
  @ApiOperation({ summary: 'Download a version as a zip in PEFT’s layout' })
  @ApiProduces('application/zip')
  @ApiOkResponse({
    description: 'The archive.',
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
  })
  @ApiProblems('adapter_not_found', 'adapter_version_not_found', 'adapter_id_invalid')
  async export(@Query() { lora_id, version }: AdapterVersionQuery): Promise<StreamableFile> {
    const { filename, stream } = await this.store.export(lora_id, version);
    return new StreamableFile(stream, { type: 'application/zip', disposition: `attachment; filename="${filename}"` });
  }

  @Post('import')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Create an adapter from a zip in PEFT’s layout',
    description:
      'Send the archive itself as the body: `curl --data-binary @adapter.zip -H "content-type: application/zip" "…/v1/lora/import?lora_id=user/copy"`.',
  })
  @ApiConsumes(...ARCHIVE_TYPES)
  @ApiBody({
    description: 'The archive, as GET /v1/lora/export gives it.',
    schema: { type: 'string', format: 'binary' },
  })
  @ApiOkResponse({ type: AdapterCreatedDto })
  @ApiProblems(
    'adapter_exists',
    'adapter_id_conflict',
    'adapter_id_invalid',
    'adapter_archive_invalid',
    'adapter_incompatible',
    'media_type_unsupported',
    'request_too_large',
  )
  async import(
    @Query() { lora_id }: AdapterQuery,
    @Req() request: FastifyRequest,
  ): Promise<OnTheWire<AdapterCreatedDto>> {
    if (!Buffer.isBuffer(request.body)) {
      throw new MediaTypeUnsupportedError(request.headers['content-type'], 'application/zip');
    }
    return { lora_id: await this.creation.import(lora_id, request.body) };
  }

  @Delete()
  @ApiOperation({ summary: 'Remove an adapter with its versions and aliases, or one alias' })
  @ApiOkResponse({ type: AdapterDeletedDto })
  @ApiProblems('adapter_id_invalid')
  remove(@Query() { lora_id }: AdapterQuery): Promise<OnTheWire<AdapterDeletedDto>> {
    return this.changes.remove(lora_id);
  }
}
