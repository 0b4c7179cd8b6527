import { ClaasError } from '@claas/contracts';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { retry } from './retry.js';
import { errorMessage, VllmRefusalError, VllmUnreachableError } from './vllm-errors.js';
import type { UnreachableReason } from './vllm-errors.js';

export interface VllmCall {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For the whole call; of a stream, until its first byte and between two. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A success: any 2xx. Its body may be empty, plain text or JSON, depending on the server's release. */
export interface VllmReply {
  readonly status: number;
  readonly text: string;
}

const QUESTION_ATTEMPTS = 3;
const QUESTION_PAUSE_MS = 100;
const CONNECTIONS = 64;
const REFUSED_CODES = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];
const TIMEOUT_CODES = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

/** One vLLM server over a pool of kept connections: bodies, errors and time limits, and nothing of what the calls mean. */
export class VllmHttp {
  readonly pool: Pool;
  readonly origin: string;
  /** In front of every path. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(baseUrl: string, apiKey: string | null) {
    const url = new URL(baseUrl);
    this.origin = url.origin;
    this.prefix = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
    this.headers = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
    this.pool = new Pool(url.origin, { connections: CONNECTIONS, connectTimeout: 5_000, pipelining: 1 });
  }

  /** Asks once. @throws VllmUnreachableError, VllmRefusalError, ClaasError `cancelled` */
  async send(call: VllmCall): Promise<VllmReply> {
    const deadline = AbortSignal.timeout(call.timeoutMs);
    const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
    try {
      const { statusCode, body } = await this.pool.request(this.options(call, signal));
      const text = await body.text();
      if (statusCode < 200 || statusCode > 299)
        throw new VllmRefusalError(nameOf(call), statusCode, errorMessage(text));
      return { status: statusCode, text };
    } catch (error) {
      throw translate(call, error, deadline.aborted);
    }
  }

  /** Asks, and again when no answer came or the server was busy: for questions that change nothing. */
  async ask(call: VllmCall): Promise<VllmReply> {
    return retry(() => this.send(call), {
      attempts: QUESTION_ATTEMPTS,
      pauseMs: QUESTION_PAUSE_MS,
      mayRetry: (error) => isPassing(error),
      ...(call.signal && { signal: call.signal }),
    });
  }

  /** As `ask`, for an answer that is JSON. */
  async askJson(call: VllmCall): Promise<unknown> {
    return parseJson(call, (await this.ask(call)).text);
  }

  /** The chunks of an answer as they come. Leaving the loop ends the request. */
  async *stream(call: VllmCall): AsyncGenerator<Buffer> {
    const signal = call.signal;
    let body: Dispatcher.ResponseData['body'] | null = null;
    try {
      const response = await this.pool.request({
        ...this.options(call, signal),
        headersTimeout: call.timeoutMs,
        bodyTimeout: call.timeoutMs,
      });
      body = response.body;
      if (response.statusCode !== 200) {
        throw new VllmRefusalError(nameOf(call), response.statusCode, errorMessage(await body.text()));
      }
      for await (const chunk of body) yield chunk as Buffer;
    } catch (error) {
      throw translate(call, error, false);
    } finally {
      body?.on('error', () => undefined).destroy();
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private options(call: VllmCall, signal: AbortSignal | undefined): Dispatcher.RequestOptions {
    const hasBody = call.body !== undefined;
    return {
      method: call.method,
      path: this.prefix + call.path,
      headers: { ...this.headers, ...(hasBody && { 'content-type': 'application/json' }) },
      ...(hasBody && { body: JSON.stringify(call.body) }),
      ...(signal && { signal }),
    };
  }
}

/** @throws ClaasError `serving_failed` */
function parseJson(call: VllmCall, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const sample = text.slice(0, 120);
    throw new ClaasError(
      'serving_failed',
      `The vLLM server’s answer to ${nameOf(call)} is no JSON: ${sample}`,
      {},
      { cause },
    );
  }
}

/** Will it probably be gone the next time? */
function isPassing(error: unknown): boolean {
  if (error instanceof VllmUnreachableError) return error.reason !== 'timeout';
  return error instanceof VllmRefusalError && [429, 502, 503, 504].includes(error.status);
}

function nameOf({ method, path }: Pick<VllmCall, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

function translate(call: VllmCall, error: unknown, isLate: boolean): unknown {
  return error instanceof ClaasError ? error : unansweredError(call, error, isLate);
}

/** Why no answer came, or none to its end. */
export function unansweredError(
  call: Pick<VllmCall, 'method' | 'path' | 'signal'>,
  error: unknown,
  isLate = false,
): ClaasError {
  if (call.signal?.aborted === true) return new ClaasError('cancelled', 'The request was cancelled.');
  const code = (error as { code?: string }).code ?? '';
  let reason: UnreachableReason = 'lost';
  if (isLate || TIMEOUT_CODES.includes(code)) reason = 'timeout';
  else if (REFUSED_CODES.includes(code)) reason = 'refused';
  return new VllmUnreachableError(nameOf(call), reason, error);
}
