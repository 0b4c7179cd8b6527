import type { RunningService } from './start-service.js';

export interface Answered<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Sends requests to a running service over real HTTP. */
export class Client {
  constructor(private readonly service: Pick<RunningService, 'url'>) {}

  get<Body = Record<string, unknown>>(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered<Body>> {
    return this.send<Body>('GET', path, undefined, headers);
  }

  delete(path: string): Promise<Answered> {
    return this.send('DELETE', path);
  }

  post<Body = Record<string, unknown>>(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered<Body>> {
    return this.send<Body>('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  async send<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answered<Body>> {
    const response = await fetch(`${this.service.url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : { text }) as Body,
    };
  }
}
