import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { CheckpointFolder } from './checkpoint-folder.js';
import { FaultTable } from './fault-table.js';
import type { TinkerCall, TinkerFault } from './fault-table.js';
import { TinkerHttpError } from './http-error.js';
import { findRoute } from './routes.js';
import type { Reply, Route, RouteContext } from './routes.js';
import type { TinkerModel } from './tinker-model.js';
import { TinkerService } from './tinker-service.js';

export interface TinkerDoubleOptions {
  readonly model: TinkerModel;
  /** Checkpoints lie here, and outlive the double. */
  readonly stateDirectory: string;
  readonly apiKey: string;
  /** 0 takes a free one. */
  readonly port?: number;
  /** How long `retrieve_future` waits before it says 408. */
  readonly pollMs?: number;
  /** A session that was silent for longer is ended. */
  readonly heartbeatLimitMs?: number;
}

/** What tests look at through `GET /double`. */
export interface TinkerDoubleState {
  readonly sessions: number;
  readonly models: number;
  readonly samplers: number;
  readonly pending: number;
  readonly checkpoints: readonly string[];
  /** Calls so far, in order. */
  readonly calls: readonly TinkerCall[];
}

/**
 * A Tinker service for tests and for trying things: its REST and protobuf contract over a real socket, with a real model's
 * numbers. What a real service keeps is on disk; the rest is lost when the process ends. Beside the service's own paths,
 * `/double` says what it holds and takes faults.
 */
export class TinkerDouble {
  private readonly faults = new FaultTable();
  private readonly calls: TinkerCall[] = [];
  private readonly context: RouteContext;

  private constructor(
    private readonly server: Server,
    private readonly apiKey: string,
    service: TinkerService,
    pollMs: number,
  ) {
    this.context = { service, pollMs, archives: new Map() };
  }

  static async start(options: TinkerDoubleOptions): Promise<TinkerDouble> {
    const { model, stateDirectory, apiKey, port = 0, pollMs = 1000, heartbeatLimitMs = 120_000 } = options;
    await mkdir(stateDirectory, { recursive: true });
    const service = new TinkerService(model, new CheckpointFolder(stateDirectory, model.loraAlpha), heartbeatLimitMs);
    const server = createServer();
    const double = new TinkerDouble(server, apiKey, service, pollMs);
    server.on('request', (request, response) => {
      double.serve(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const body = await readAll(request);
    const method = request.method ?? 'GET';
    if (url.pathname.startsWith('/double')) {
      write(response, await this.control(method, url.pathname, body));
      return;
    }
    const route = findRoute(method, url.pathname);
    if (route?.call != null) this.calls.push(route.call);
    const fault = route?.call == null ? null : this.faults.take(route.call);
    if (fault !== null && fault.when !== 'after' && this.spoil(response, fault, body)) return;
    const reply = await this.answer(route, request, url, body);
    if (fault?.when === 'after' && this.spoil(response, fault, body)) return;
    if (fault?.kind === 'cut') writeHalf(response, reply);
    else write(response, reply);
  }

  private async answer(route: Route | null, request: IncomingMessage, url: URL, body: Buffer): Promise<Reply> {
    try {
      if (route === null) throw new TinkerHttpError(404, 'Not Found');
      const key = request.headers['x-api-key'];
      if (route.needsKey && key !== this.apiKey) throw new TinkerHttpError(401, 'Invalid API key');
      if (route.call === 'archive_file' && key !== undefined) {
        throw new TinkerHttpError(400, 'the key was sent to the storage');
      }
      const contentType = request.headers['content-type'] ?? '';
      return await route.answer(this.context, { url, body, contentType });
    } catch (error) {
      return errorReply(error);
    }
  }

  /** True when the answer is spoiled. */
  private spoil(response: ServerResponse, fault: TinkerFault, body: Buffer): boolean {
    switch (fault.kind) {
      case 'fail': {
        const { status = 500, retryAfterSeconds } = fault;
        const headers: Record<string, string> = {};
        if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
        write(response, errorReply(new TinkerHttpError(status, 'injected failure', headers)));
        return true;
      }
      case 'pending':
        write(response, { status: 408, body: { queue_state: 'paused_capacity', queue_state_reason: 'injected' } });
        return true;
      case 'expire': {
        const { request_id } = JSON.parse(body.toString('utf8')) as { request_id: string };
        this.context.service.futures.expire(request_id);
        return false;
      }
      case 'user_error':
      case 'server_error':
        write(response, { status: 200, body: { error: 'injected failure', category: fault.kind.split('_')[0] } });
        return true;
      case 'nonsense': {
        const { body: text = '{}', contentType = 'application/json' } = fault;
        write(response, { status: 200, headers: { 'content-type': contentType }, body: Buffer.from(text) });
        return true;
      }
      case 'lose':
        this.context.service.endSessions();
        return false;
      case 'reset':
        response.socket?.destroy();
        return true;
      case 'hang':
        return true;
      case 'cut':
        return false;
      case 'die':
        process.kill(process.pid, 'SIGKILL');
        return true;
    }
  }

  private async control(method: string, path: string, body: Buffer): Promise<Reply> {
    const { service } = this.context;
    switch (`${method} ${path}`) {
      case 'GET /double': {
        const checkpoints = (await service.checkpoints.list()).map((checkpoint) => checkpoint.path);
        const state: TinkerDoubleState = {
          ...service.counts,
          pending: service.futures.pending,
          checkpoints,
          calls: this.calls,
        };
        return { status: 200, body: state };
      }
      case 'POST /double/faults':
        this.faults.add(JSON.parse(body.toString('utf8')) as TinkerFault);
        return { status: 200, body: {} };
      case 'DELETE /double/faults':
        this.faults.clear();
        return { status: 200, body: {} };
      case 'POST /double/end_sessions':
        service.endSessions();
        return { status: 200, body: {} };
      default:
        return errorReply(new TinkerHttpError(404, 'Not Found'));
    }
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function errorReply(error: unknown): Reply {
  if (error instanceof TinkerHttpError) {
    return { status: error.status, headers: error.headers, body: { detail: error.detail } };
  }
  return { status: 500, body: { detail: error instanceof Error ? error.message : String(error) } };
}

function write(response: ServerResponse, reply: Reply): void {
  if (response.destroyed || response.writableEnded) return;
  const { headers, bytes } = serialized(reply);
  response.writeHead(reply.status, headers).end(bytes);
}

/** Breaks the connection where half of what the headers promise is sent. */
function writeHalf(response: ServerResponse, reply: Reply): void {
  const { headers, bytes } = serialized(reply);
  response.writeHead(reply.status, { ...headers, 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => response.socket?.destroy());
}

function serialized({ headers = {}, body }: Reply): {
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
} {
  if (body === null) return { headers, bytes: new Uint8Array() };
  if (body instanceof Uint8Array) return { headers, bytes: body };
  return { headers: { 'content-type': 'application/json', ...headers }, bytes: Buffer.from(JSON.stringify(body)) };
}
