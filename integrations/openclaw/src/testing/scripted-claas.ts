import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>> | null;
}

type Answer = readonly [status: number, body: unknown];

/**
 * A server that answers as a test says, for what can't be had from the real API on purpose: failures of a proxy,
 * records that take their time, odd errors. The happy path is tested on the real API.
 */
export class ScriptedClaas {
  readonly seen: SeenRequest[] = [];
  private server: Server | null = null;

  constructor(private readonly answer: (request: SeenRequest) => Answer | 'hang up') {}

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const body = text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
        const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
        this.seen.push(seen);
        const answer = this.answer(seen);
        if (answer === 'hang up') request.socket.destroy();
        else response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
      });
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this.address;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    if (this.server !== null) await once(this.server, 'close');
  }
}

/** A feedback's record as the API tells it, finished and learned unless `changes` say otherwise. */
export function record(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    request_id: 'f-1',
    status: 'verified',
    finished: true,
    lora_id: 'openclaw/assistant-init',
    version: 3,
    parent_version: 2,
    receipt: { gap_before: 0.02984, gap_after: 0.00331, warnings: [] },
    timing_ms: { total: 4210 },
    error: null,
    ...changes,
  };
}
