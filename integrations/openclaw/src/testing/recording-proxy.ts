import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** `id` of the completion that it was answered with; null until then, and for other requests. */
  completionId: string | null;
}

/** Stands between a client and a service, and keeps what the client asked. */
export class RecordingProxy {
  readonly requests: RecordedRequest[] = [];
  private server: Server | null = null;

  constructor(private readonly target: string) {}

  /** @returns its address */
  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      this.pass(request, response).catch((error: unknown) => {
        response.writeHead(502).end(String(error));
      });
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    if (this.server === null) return;
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const { method = 'GET', url = '/' } = request;
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const body: unknown = text === '' ? null : JSON.parse(text);
    const recorded: RecordedRequest = { method, path: url, headers, body, completionId: null };
    this.requests.push(recorded);
    const kept = ['content-type', 'accept', 'authorization', 'prefer', 'idempotency-key'];
    const answer = await fetch(this.target + url, {
      method,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => kept.includes(name))),
      body: text === '' ? null : text,
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    for await (const chunk of answer.body ?? []) {
      recorded.completionId ??= /"id":"(chatcmpl-\w+)"/.exec(Buffer.from(chunk).toString('utf8'))?.[1] ?? null;
      response.write(chunk);
    }
    response.end();
  }
}
