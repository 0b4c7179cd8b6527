import { setTimeout as wait } from 'node:timers/promises';
import { ClaasProblem, ClaasUnreachable, isTemporary } from './claas-error.js';
import type { AdapterVersions, FeedbackRecord } from './feedback-record.js';

const REQUEST_TIMEOUT_MS = 30_000;
const PAUSES_BETWEEN_ATTEMPTS_MS = [250, 1000, 3000];
const LONGEST_PAUSE_BETWEEN_LOOKS_MS = 2000;

export interface FeedbackRequest {
  readonly lora_id: string;
  readonly completion_id: string;
  readonly feedback: string;
  readonly training?: Readonly<Record<string, unknown>>;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The part of CLaaS's API that a chat needs. Every method throws ClaasProblem or ClaasUnreachable. */
export class ClaasClient {
  constructor(
    private readonly baseUrl: string,
    private readonly apiKey: string | null,
  ) {}

  /** Hands a feedback in without waiting for it. The same key never trains twice, so a lost answer is asked for again. */
  sendFeedback(request: FeedbackRequest, idempotencyKey: string): Promise<FeedbackRecord> {
    const headers = { 'idempotency-key': idempotencyKey, prefer: 'respond-async' };
    return this.persistently({ method: 'POST', path: '/v1/feedback', body: request, headers });
  }

  findFeedback(requestId: string): Promise<FeedbackRecord> {
    return this.call({ method: 'GET', path: `/v1/feedback/${encodeURIComponent(requestId)}` });
  }

  /** Looks again until nothing remains to be done, over restarts of the service. @returns null when `deadline` passes */
  async followFeedback(requestId: string, deadline: number): Promise<FeedbackRecord | null> {
    for (let pause = 250; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_BETWEEN_LOOKS_MS)) {
      const record = await this.findFeedback(requestId).catch(unlessTemporary);
      if (record?.finished === true) return record;
      if (Date.now() + pause > deadline) return null;
      await wait(pause);
    }
  }

  async headOf(loraId: string): Promise<number | null> {
    const path = `/v1/lora/versions?lora_id=${encodeURIComponent(loraId)}`;
    const { versions } = await this.call<AdapterVersions>({ method: 'GET', path });
    return versions.find(({ is_head }) => is_head)?.version ?? null;
  }

  async rollBack(loraId: string, version: number): Promise<void> {
    await this.call({ method: 'POST', path: '/v1/lora/rollback', body: { lora_id: loraId, version } });
  }

  private async persistently<T>(call: Call): Promise<T> {
    for (const pause of PAUSES_BETWEEN_ATTEMPTS_MS) {
      try {
        return await this.call<T>(call);
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await wait(pause);
      }
    }
    return this.call<T>(call);
  }

  private async call<T>({ method, path, body, headers }: Call): Promise<T> {
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.apiKey === null ? {} : { authorization: `Bearer ${this.apiKey}` }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new ClaasUnreachable(this.baseUrl, error);
    });
    const text = await response.text().catch((error: unknown) => {
      throw new ClaasUnreachable(this.baseUrl, error);
    });
    if (!response.ok) throw problemOf(response.status, text);
    return JSON.parse(text) as T;
  }
}

function problemOf(status: number, text: string): ClaasProblem {
  try {
    const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
    return new ClaasProblem(status, typeof code === 'string' ? code : null, typeof detail === 'string' ? detail : text);
  } catch {
    return new ClaasProblem(status, null, text.slice(0, 200));
  }
}

function unlessTemporary(error: unknown): null {
  if (isTemporary(error)) return null;
  throw error;
}
