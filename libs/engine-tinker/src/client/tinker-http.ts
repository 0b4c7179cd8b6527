import { ClaasError } from '@claas/contracts';
import { Agent, request } from 'undici';
import { retryAfterMs } from './retry-after.js';
import { TinkerRefusalError, TinkerUnreachableError } from './tinker-errors.js';
import type { TinkerSettings } from './tinker-settings.js';

export interface HttpCall {
  /** The service's name of it, for errors. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly json?: object;
  readonly protobuf?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that are answers, beside 200 to 299. */
  readonly expected?: readonly number[];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly location: string | null;
  readonly bytes: Buffer;
}

const PROTOBUF = 'application/x-protobuf';
const USER_AGENT = 'CLaaS/TypeScript 0.1.0';

/** One request to the service; nothing is tried twice here. Redirects are the caller's, so that no other host sees the key. */
export class TinkerHttp {
  private readonly agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

  constructor(private readonly settings: TinkerSettings) {}

  /** @throws TinkerUnreachableError, TinkerRefusalError, ClaasError `cancelled` */
  async send(call: HttpCall): Promise<HttpReply> {
    const { name, method, path, json, protobuf, headers } = call;
    const { baseUrl, apiKey, timeouts } = this.settings;
    return this.ask(name, `${baseUrl}/api/v1${path}`, call.expected ?? [], {
      method,
      headers: {
        accept: `${PROTOBUF}, application/json`,
        'user-agent': USER_AGENT,
        'x-api-key': apiKey,
        ...(json && { 'content-type': 'application/json' }),
        ...(protobuf && { 'content-type': PROTOBUF }),
        ...headers,
      },
      body: json ? JSON.stringify(json) : (protobuf ?? null),
      signal: withTimeout(call.signal, call.timeoutMs ?? timeouts.requestMs),
    });
  }

  /** A file at an address that the service has signed: another host's, which the key is none of the business of. */
  async *download(name: string, url: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
    const { patienceMs } = this.settings.timeouts;
    const options = { dispatcher: this.agent, signal: withTimeout(signal, patienceMs) };
    try {
      const { statusCode, body } = await request(url, options);
      if (statusCode !== 200) throw new TinkerRefusalError(name, statusCode, await body.text(), null);
      for await (const chunk of body) yield chunk as Uint8Array;
    } catch (error) {
      throw error instanceof ClaasError ? error : unreachable(name, error, options.signal);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async ask(
    name: string,
    url: string,
    expected: readonly number[],
    options: NonNullable<Parameters<typeof request>[1]> & { readonly signal: AbortSignal },
  ): Promise<HttpReply> {
    let reply: HttpReply;
    let pauseMs: number | null;
    try {
      const { statusCode, headers, body } = await request(url, { ...options, dispatcher: this.agent });
      const { 'content-type': contentType, location } = headers;
      pauseMs = retryAfterMs(headers['retry-after'], Date.now());
      reply = {
        status: statusCode,
        contentType: typeof contentType === 'string' ? contentType : '',
        location: typeof location === 'string' ? location : null,
        bytes: Buffer.from(await body.arrayBuffer()),
      };
    } catch (error) {
      throw unreachable(name, error, options.signal);
    }
    const { status, bytes } = reply;
    if ((status >= 200 && status < 300) || expected.includes(status)) return reply;
    throw new TinkerRefusalError(name, status, detail(bytes), pauseMs);
  }
}

export function isProtobuf({ contentType }: HttpReply): boolean {
  return contentType.startsWith(PROTOBUF);
}

/** What the service is known to answer, taken on trust but for being an object. @throws ClaasError `trainer_protocol` */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the shape
export function jsonOf<T extends object>(name: string, { bytes }: HttpReply): T {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch {
    // Said below.
  }
  throw new ClaasError('trainer_protocol', `The Tinker service's answer to ${name} is no JSON object.`, { call: name });
}

/** A field of such an answer that is text, and not empty. @throws ClaasError `trainer_protocol` */
export function textOf(name: string, reply: HttpReply, field: string): string {
  const value = jsonOf<Readonly<Record<string, unknown>>>(name, reply)[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new ClaasError('trainer_protocol', `The Tinker service's answer to ${name} has no ${field}.`, { call: name });
}

function withTimeout(signal: AbortSignal | undefined, timeoutMs: number): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

function unreachable(name: string, error: unknown, signal: AbortSignal | undefined): ClaasError {
  const reason: unknown = signal?.aborted === true ? signal.reason : error;
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  if (signal?.aborted === true && !isTimeout) return cancelled(error);
  return new TinkerUnreachableError(name, isTimeout, error);
}

export function cancelled(cause: unknown): ClaasError {
  return new ClaasError('cancelled', 'The request was cancelled.', {}, { cause });
}

/** The words of an error body: `{detail}`, `{error}`, `{message}` or plain text. */
function detail(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  try {
    const { detail: said, error, message } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const words = said ?? message ?? error;
    return typeof words === 'string' ? words : JSON.stringify(words ?? text);
  } catch {
    return text;
  }
}
