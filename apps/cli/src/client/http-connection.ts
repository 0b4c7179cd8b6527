import { Agent, request, type Dispatcher } from 'undici';
import { foreignAnswerError, problemError, unreachableError, type Problem } from '../errors/service-error.js';

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly json?: unknown;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

type Response = Dispatcher.ResponseData;

/** Loading a large base model may take minutes; a stream has a comment every 15 s. */
const AGENT = { connect: { timeout: 10_000 }, headersTimeout: 600_000, bodyTimeout: 120_000 };

/** HTTP to one service: the key goes along, errors come back as CommandErrors. */
export class HttpConnection {
  private readonly agent = new Agent(AGENT);

  /** `ended` aborts whatever runs. */
  constructor(
    readonly url: string,
    private readonly apiKey: string | null,
    private readonly ended: AbortSignal,
  ) {}

  async json(path: string, options: HttpRequest = {}): Promise<unknown> {
    const response = await this.send(path, options);
    return this.parse(await this.text(response, options.signal), response);
  }

  /** The response as soon as its headers are there; its status is a success. */
  async send(path: string, options: HttpRequest): Promise<Response> {
    const response = await this.sendAny(path, options);
    if (response.statusCode >= 200 && response.statusCode < 300) return response;
    const answer = this.parse(await this.text(response, options.signal), response);
    if (isProblem(answer)) throw problemError(answer);
    throw foreignAnswerError(this.url, response.statusCode, contentTypeOf(response));
  }

  /** Whatever the status is. */
  async sendAny(path: string, { method = 'GET', json, body, headers = {}, signal }: HttpRequest): Promise<Response> {
    try {
      return await request(`${this.url}${path}`, {
        method,
        dispatcher: this.agent,
        headers: {
          accept: 'application/json, text/event-stream;q=0.9, */*;q=0.8',
          ...(this.apiKey !== null && { authorization: `Bearer ${this.apiKey}` }),
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: json === undefined ? (body ?? null) : JSON.stringify(json),
        signal: signal === undefined ? this.ended : AbortSignal.any([this.ended, signal]),
      });
    } catch (error) {
      throw this.describe(error, signal);
    }
  }

  async text(response: Response, signal?: AbortSignal): Promise<string> {
    try {
      return await response.body.text();
    } catch (error) {
      throw this.describe(error, signal);
    }
  }

  /** An abort stays what it is; anything else is a connection that failed. */
  describe(error: unknown, signal?: AbortSignal): unknown {
    if (this.ended.aborted) return this.ended.reason;
    return signal?.aborted === true ? signal.reason : unreachableError(this.url, error);
  }

  parse(text: string, response: Response): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw foreignAnswerError(this.url, response.statusCode, contentTypeOf(response));
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

function isProblem(answer: unknown): answer is Problem {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'detail' in answer &&
    typeof answer.detail === 'string' &&
    'code' in answer &&
    typeof answer.code === 'string' &&
    'status' in answer &&
    typeof answer.status === 'number'
  );
}

function contentTypeOf(response: Response): string | undefined {
  const value = response.headers['content-type'];
  return Array.isArray(value) ? value[0] : value;
}
