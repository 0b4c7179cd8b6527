import { Readable } from 'node:stream';
import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { failureOf } from './describe-failure.js';
import { FeedbackAnswerDto, toFeedbackAnswer } from './dto/feedback-answer.dto.js';
import { FEEDBACK_EXAMPLES, FeedbackDto } from './dto/feedback.dto.js';
import { FeedbackQueryDto } from './dto/feedback-query.dto.js';
import { FeedbackPageDto, FeedbackRecordDto, toFeedbackRecord } from './dto/feedback-record.dto.js';
import { readFeedbackRequest } from './dto/read-feedback-request.js';
import { feedbackEventStream } from './feedback-event-stream.js';
import { FeedbackHub } from './feedback-hub.js';
import { FeedbackRepository } from './feedback-repository.js';
import { FeedbackService } from './feedback-service.js';
import { FeedbackWaiter, locationOf } from './feedback-waiter.js';
import { readCursor, toCursor } from './page-cursor.js';
import { prefersAsync, readIdempotencyKey } from './request-headers.js';
import type { OnTheWire } from './dto/on-the-wire.js';

const DEFAULT_LIMIT = 50;

@ApiTags('feedback')
@ApiExtraModels(FeedbackAnswerDto, FeedbackRecordDto)
@Controller('v1/feedback')
export class FeedbackController {
  constructor(
    @Inject(FeedbackService) private readonly service: FeedbackService,
    @Inject(FeedbackWaiter) private readonly waiter: FeedbackWaiter,
    @Inject(FeedbackRepository) private readonly repository: FeedbackRepository,
    @Inject(FeedbackHub) private readonly hub: FeedbackHub,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Learn from a feedback',
    description:
      'Runs one SDPO step on the adapter and answers when the model that serves it has learned, with the receipt that proves it. The step goes on when the client disconnects.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'The same key with the same body gives the first outcome and never trains twice; with another body 409.',
  })
  @ApiHeader({ name: 'Prefer', required: false, description: '`respond-async` answers 202 as soon as it is accepted.' })
  @ApiBody({ type: FeedbackDto, examples: FEEDBACK_EXAMPLES })
  @ApiResponse({ status: 200, description: 'Learned, served and verified.', type: FeedbackAnswerDto })
  @ApiResponse({
    status: 202,
    description: 'Accepted; `Location` says where to look.',
    type: FeedbackRecordDto,
    headers: { Location: { schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 404, description: 'No such adapter or completion.' })
  @ApiResponse({
    status: 409,
    description:
      'The step has not begun in time (the feedback stays queued; `location` says where to look), or the idempotency key belongs to another body.',
  })
  @ApiResponse({ status: 422, description: 'The body can’t be learned from; nothing was changed.' })
  @ApiResponse({ status: 500, description: 'The step failed; `phase` and `detail` say where and how the adapter is.' })
  @ApiResponse({ status: 502, description: 'The teacher or the server failed; the version before is served again.' })
  @ApiResponse({ status: 503, description: 'The server did not become idle in time, or the service is stopping.' })
  async send(
    @Body() body: FeedbackDto,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OnTheWire<FeedbackAnswerDto | FeedbackRecordDto>> {
    const accepted = await this.service.accept(readFeedbackRequest(body), readIdempotencyKey(idempotencyKey));
    void reply.header('location', locationOf(accepted));
    if (prefersAsync(prefer)) {
      void reply.status(202).header('preference-applied', 'respond-async');
      return toFeedbackRecord(accepted);
    }
    const finished = await this.waiter.outcome(accepted);
    const failure = failureOf(finished);
    if (failure !== null) throw failure;
    return toFeedbackAnswer(finished);
  }

  @Get()
  @ApiOperation({ summary: 'What was received and what became of it', description: 'Newest first.' })
  @ApiResponse({ status: 200, type: FeedbackPageDto })
  async list(@Query() query: FeedbackQueryDto): Promise<OnTheWire<FeedbackPageDto>> {
    const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
    const found = await this.service.list({
      loraId: query.lora_id === undefined ? null : await this.service.adapterOf(query.lora_id),
      state: query.status ?? null,
      beforeSequence: query.cursor === undefined ? null : readCursor(query.cursor),
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const hasMore = found.length > limit && last !== undefined;
    return { feedbacks: page.map(toFeedbackRecord), next_cursor: hasMore ? toCursor(last.sequence) : null };
  }

  @Get(':request_id')
  @ApiOperation({ summary: 'One feedback' })
  @ApiParam({ name: 'request_id', description: '`request_id` of the answer.' })
  @ApiResponse({ status: 200, type: FeedbackRecordDto })
  @ApiResponse({ status: 404, description: 'No such feedback.' })
  async find(@Param('request_id') requestId: string): Promise<OnTheWire<FeedbackRecordDto>> {
    return toFeedbackRecord(await this.service.find(requestId));
  }

  @Get(':request_id/events')
  @ApiOperation({
    summary: 'Follow one feedback',
    description:
      'Server-sent events: `state` carries the record, first as it is now and then at each change; `progress` carries `phase` and `fraction` of the step. Ends when nothing remains to be done.',
  })
  @ApiParam({ name: 'request_id', description: '`request_id` of the answer.' })
  @ApiProduces('text/event-stream')
  @ApiResponse({
    status: 200,
    description: 'The events.',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 404, description: 'No such feedback.' })
  async events(@Param('request_id') requestId: string, @Res() reply: FastifyReply): Promise<void> {
    await this.service.find(requestId);
    const events = feedbackEventStream(requestId, this.repository, this.hub);
    await reply.header('content-type', 'text/event-stream; charset=utf-8').send(Readable.from(events));
  }
}
