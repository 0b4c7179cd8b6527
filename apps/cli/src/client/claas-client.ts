import type { Readable } from 'node:stream';
import { localError } from '../errors/command-error.js';
import { problemError, type Problem } from '../errors/service-error.js';
import { HttpConnection } from './http-connection.js';
import { serverSentEvents } from './server-sent-events.js';
import type {
  AdapterList,
  AdapterVersions,
  ChatChunk,
  ChatRequest,
  FeedbackEvent,
  FeedbackPage,
  FeedbackRecord,
  FeedbackRequest,
  Health,
  Message,
  RolledBack,
  Score,
} from './service-types.js';

/** A CLaaS at an address. Every method throws CommandErrors. */
export class ClaasClient {
  private readonly http: HttpConnection;

  constructor(
    readonly url: string,
    apiKey: string | null,
    ended: AbortSignal,
  ) {
    this.http = new HttpConnection(url, apiKey, ended);
  }

  async init(body: Readonly<Record<string, unknown>>): Promise<{ readonly lora_id: string }> {
    return (await this.http.json('/v1/lora/init', { method: 'POST', json: body })) as { lora_id: string };
  }

  async list(prefix: string): Promise<AdapterList> {
    return (await this.http.json(`/v1/lora?${query({ prefix, detail: 'true' })}`)) as AdapterList;
  }

  async versions(loraId: string): Promise<AdapterVersions> {
    return (await this.http.json(`/v1/lora/versions?${query({ lora_id: loraId })}`)) as AdapterVersions;
  }

  async rollback(loraId: string, version: number): Promise<RolledBack> {
    const json = { lora_id: loraId, version };
    return (await this.http.json('/v1/lora/rollback', { method: 'POST', json })) as RolledBack;
  }

  /** The archive as it comes, and the file name that the service proposes. */
  async export(loraId: string, version: number | null): Promise<{ readonly archive: Readable; readonly name: string }> {
    const parameters = query({ lora_id: loraId, ...(version !== null && { version: String(version) }) });
    const response = await this.http.send(`/v1/lora/export?${parameters}`, {});
    const disposition = String(response.headers['content-disposition'] ?? '');
    const name = /filename="([A-Za-z0-9._-]+)"/.exec(disposition)?.[1] ?? 'adapter.zip';
    return { archive: response.body, name };
  }

  async import(loraId: string, archive: Buffer): Promise<{ readonly lora_id: string }> {
    const path = `/v1/lora/import?${query({ lora_id: loraId })}`;
    const headers = { 'content-type': 'application/zip' };
    return (await this.http.json(path, { method: 'POST', body: archive, headers })) as { lora_id: string };
  }

  async delete(loraId: string): Promise<{ readonly deleted: boolean }> {
    const path = `/v1/lora?${query({ lora_id: loraId })}`;
    return (await this.http.json(path, { method: 'DELETE' })) as { deleted: boolean };
  }

  /** An unhealthy service answers 503 with the same report. */
  async health(): Promise<Health> {
    const response = await this.http.sendAny('/v1/health', {});
    const answer = this.http.parse(await this.http.text(response), response) as Health | Problem;
    if (!('engine' in answer)) {
      await this.http.send('/v1/health', {});
      throw localError(`What answers at ${this.url} has no health report. Check --url or CLAAS_URL.`);
    }
    return answer;
  }

  /** What can be chatted with under that name. */
  async model(name: string): Promise<{ readonly id: string }> {
    return (await this.http.json(`/v1/models/${name.split('/').map(encodeURIComponent).join('/')}`)) as { id: string };
  }

  async score(model: string, messages: readonly Message[], completion: string): Promise<Score> {
    const json = { model, messages, completion };
    return (await this.http.json('/v1/score', { method: 'POST', json })) as Score;
  }

  /** The chunks of a streamed answer. @throws also what the service says after the first chunk. */
  async *chat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk> {
    const json = { ...request, stream: true, stream_options: { include_usage: true } };
    for await (const { data } of this.events('/v1/chat/completions', { method: 'POST', json, signal })) {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data) as ChatChunk | Problem | { readonly error: { readonly message: string } };
      if ('detail' in chunk) throw problemError(chunk);
      // A model server's own, passed on as it is.
      if ('error' in chunk) throw problemError({ status: 502, code: 'serving_failed', detail: chunk.error.message });
      yield chunk;
    }
    throw localError('The answer broke off: the service ended the stream early. Try again.');
  }

  /** Accepted and kept; `followFeedback` says what becomes of it. The same key never trains twice. */
  async sendFeedback(request: FeedbackRequest, idempotencyKey: string, signal?: AbortSignal): Promise<FeedbackRecord> {
    const headers = { 'idempotency-key': idempotencyKey, prefer: 'respond-async' };
    const options = { method: 'POST', json: request, headers, ...(signal && { signal }) } as const;
    return (await this.http.json('/v1/feedback', options)) as FeedbackRecord;
  }

  async feedback(requestId: string): Promise<FeedbackRecord> {
    return (await this.http.json(`/v1/feedback/${encodeURIComponent(requestId)}`)) as FeedbackRecord;
  }

  async feedbacks(parameters: Readonly<Record<string, string>>): Promise<FeedbackPage> {
    return (await this.http.json(`/v1/feedback?${query(parameters)}`)) as FeedbackPage;
  }

  /** What becomes of a feedback, live; may end early when the connection does. */
  async *feedbackEvents(requestId: string, signal: AbortSignal): AsyncGenerator<FeedbackEvent> {
    const path = `/v1/feedback/${encodeURIComponent(requestId)}/events`;
    for await (const { event, data } of this.events(path, { signal })) {
      const content: unknown = JSON.parse(data);
      if (event === 'state') yield { kind: 'state', record: content as FeedbackRecord };
      if (event === 'progress') yield { kind: 'progress', ...(content as { phase: string; fraction: number }) };
    }
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async *events(path: string, options: Parameters<HttpConnection['send']>[1]) {
    const response = await this.http.send(path, options);
    try {
      yield* serverSentEvents(response.body as AsyncIterable<Buffer>);
    } catch (error) {
      throw this.http.describe(error, options.signal);
    }
  }
}

function query(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams(parameters).toString();
}
