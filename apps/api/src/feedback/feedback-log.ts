import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import type { ClaasError } from '@claas/contracts';
import { toOutcome } from './dto/outcome.dto.js';
import { toRequestOnTheWire } from './dto/request-on-the-wire.js';
import { NOTHING_SERVED } from './feedback-outcome.js';
import type { FeedbackRequest } from './feedback-request.js';
import type { Feedback } from './feedback.js';
import { NO_TIMINGS } from './phase-timings.js';
import { sortKeys } from './sort-keys.js';

/**
 * One JSON file per feedback, as the Python service writes it: `<UTC>-<request id>.json`, keys sorted, two spaces.
 * Best effort: a feedback never fails because its file can't be written.
 */
export class FeedbackLog {
  private readonly logger = new Logger(FeedbackLog.name);

  constructor(private readonly directory: string) {}

  /** The path of the file, or `""` when it could not be written. Writing again replaces it. */
  async write(feedback: Feedback): Promise<string> {
    const { error, request, requestId, serving } = feedback;
    const lastPhase = serving.verification === null ? 'distill' : 'verify';
    const record = {
      ...this.commonKeys(requestId, feedback.createdAt, request),
      ...toOutcome(feedback),
      status: error === null ? 'ok' : 'error',
      state: feedback.state,
      phase: error?.phase ?? lastPhase,
      resolved_lora_id: feedback.loraId,
      conversation: feedback.rollout.conversation,
      error: error?.message ?? null,
    };
    return this.writeFile(requestId, feedback.createdAt, record);
  }

  /** For a request that was well-formed and still could not be accepted. */
  async writeRefusal(requestId: string, request: FeedbackRequest, error: ClaasError): Promise<string> {
    const now = new Date();
    const { verification, ...vllm } = NOTHING_SERVED;
    const record = {
      ...this.commonKeys(requestId, now, request),
      status: 'error',
      phase: 'validate',
      distill_result: null,
      vllm: { ...vllm, verified: verification !== null },
      timing_ms: NO_TIMINGS,
      error: error.message,
    };
    return this.writeFile(requestId, now, record);
  }

  private commonKeys(requestId: string, time: Date, request: FeedbackRequest): Record<string, unknown> {
    return {
      request_id: requestId,
      timestamp_utc: time.toISOString().replace(/\.\d+Z$/, 'Z'),
      lora_id: request.loraId,
      teacher_mode: request.training.teacherMode,
      request: toRequestOnTheWire(request),
    };
  }

  private async writeFile(requestId: string, time: Date, record: Record<string, unknown>): Promise<string> {
    const stamp = time.toISOString().replace(/[-:]|\.\d+Z$/g, '');
    const path = join(this.directory, `${stamp}-${requestId}.json`);
    try {
      await mkdir(this.directory, { recursive: true });
      await writeFile(`${path}.draft`, `${JSON.stringify(record, sortKeys, 2)}\n`);
      await rename(`${path}.draft`, path);
      return path;
    } catch (error) {
      this.logger.warn(`The feedback log ${path} could not be written: ${String(error)}`);
      return '';
    }
  }
}
