import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompletionEngine } from './completion-engine.js';
import { EngineState } from './engine-state.js';
import { FaultTable } from './fault-table.js';
import type { VllmCallName, VllmFault } from './fault-table.js';
import { VllmHttpError } from './http-error.js';
import { LoraRegistry } from './lora-registry.js';
import type { ModelBackend } from './model-backend.js';
import { findRoute } from './routes.js';
import type { Reply, RouteContext } from './routes.js';
import { VLLM_PROFILES } from './vllm-profile.js';
import type { VllmRelease } from './vllm-profile.js';

export interface VllmDoubleOptions {
  readonly backend: ModelBackend;
  readonly baseModelName: string;
  readonly release?: VllmRelease;
  readonly apiKey?: string | null;
  /** VLLM_SERVER_DEV_MODE: without it there is no sleeping. */
  readonly devMode?: boolean;
  /** VLLM_ALLOW_RUNTIME_LORA_UPDATING. */
  readonly runtimeLora?: boolean;
  readonly maxLoraRank?: number;
  /** Where to listen; without it on a port that is free. */
  readonly port?: number;
  /** How long after its death a supervisor starts it again; null leaves that to `restart`. */
  readonly restartAfterMs?: number | null;
}

/** A call that came, in order of arrival. */
export interface RecordedCall {
  readonly call: VllmCallName | null;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: unknown;
}

/**
 * A vLLM server for tests: its HTTP contract, sleep and adapters, over a real socket and with a real model's numbers.
 * What a real server keeps in memory is lost when it dies.
 */
export class VllmDouble {
  readonly calls: RecordedCall[] = [];
  readonly faults = new FaultTable();
  private server: Server | null = null;
  private port: number;
  private readonly hanging = new Set<ServerResponse>();
  private restarting: NodeJS.Timeout | null = null;

  private constructor(
    private readonly options: VllmDoubleOptions,
    private readonly root: string,
    private context: RouteContext,
  ) {
    this.port = options.port ?? 0;
  }

  static async start(options: VllmDoubleOptions): Promise<VllmDouble> {
    const root = await mkdtemp(join(tmpdir(), 'vllm-double-'));
    const double = new VllmDouble(options, root, contextOf(options, root));
    await double.listen();
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isSleeping(): boolean {
    return this.context.state.isSleeping;
  }

  get runningRequests(): number {
    return this.context.state.runningRequests;
  }

  /** Adapters that the server knows, with their paths. */
  get adapters(): readonly { readonly name: string; readonly path: string }[] {
    return this.context.loras.list();
  }

  /** The next adapter that is loaded answers with the weights of the one before it, and nobody is told. */
  mixUpNextLoad(): void {
    this.context.loras.mixesUpNextLoad = true;
  }

  /** Names of the calls so far, without those that only look. */
  orders(): readonly VllmCallName[] {
    const looks: readonly (VllmCallName | null)[] = [
      null,
      'health',
      'version',
      'metrics',
      'models',
      'is_sleeping',
      'tokenize',
      'detokenize',
    ];
    return this.calls.flatMap(({ call }) => (call === null || looks.includes(call) ? [] : [call]));
  }

  /** Ends as a killed process does: connections break, memory is lost, the port refuses. */
  die(): void {
    this.context.state.die();
    this.server?.closeAllConnections();
    this.server?.close();
    this.server = null;
    this.hanging.clear();
    const { restartAfterMs = null } = this.options;
    if (this.restarting !== null) clearTimeout(this.restarting);
    this.restarting = restartAfterMs === null ? null : setTimeout(() => void this.restart(), restartAfterMs);
  }

  /** A new process at the same address, that knows nothing of the old one's adapters. */
  async restart(): Promise<void> {
    this.die();
    if (this.restarting !== null) clearTimeout(this.restarting);
    this.context = contextOf(this.options, this.root);
    await this.listen();
  }

  async close(): Promise<void> {
    this.die();
    if (this.restarting !== null) clearTimeout(this.restarting);
    await rm(this.root, { recursive: true, force: true });
  }

  private listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.serve(request, response, this.context).catch(() => response.destroy());
    });
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', () => {
        this.port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse, context: RouteContext): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const text = await readAll(request);
    const route = findRoute(context, request.method ?? 'GET', url.pathname);
    this.calls.push({
      call: route?.call ?? null,
      method: request.method ?? 'GET',
      path: url.pathname + url.search,
      body: parse(text),
    });
    const fault = route === null ? null : this.faults.take(route.call);
    if (fault !== null && fault.when !== 'after') {
      this.spoil(response, fault);
      return;
    }
    const gone = new AbortController();
    response.on('close', () => {
      gone.abort();
    });
    // A stream is spoiled after its first event, once that has gone out.
    const spoiled = new AbortController();
    const send = (event: object | '[DONE]'): void => {
      if (spoiled.signal.aborted) return;
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      const data = `data: ${event === '[DONE]' ? event : JSON.stringify(event)}\n\n`;
      if (fault === null) {
        response.write(data);
        return;
      }
      spoiled.abort();
      response.write(data, () => {
        this.spoil(response, fault);
        gone.abort();
      });
    };
    let reply: Reply | null;
    try {
      if (route === null) throw new VllmHttpError(404, 'NotFoundError', 'Not Found');
      if (!this.isAllowed(request, url.pathname)) reply = { status: 401, body: { error: 'Unauthorized' } };
      else reply = await route.answer({ url, text, body: parse(text), send, signal: gone.signal });
    } catch (error) {
      reply = errorReply(error);
    }
    if (spoiled.signal.aborted) return;
    if (fault !== null) this.spoil(response, fault);
    else write(response, reply);
  }

  private isAllowed({ headers }: IncomingMessage, path: string): boolean {
    const apiKey = this.options.apiKey ?? null;
    return apiKey === null || !path.startsWith('/v1') || headers.authorization === `Bearer ${apiKey}`;
  }

  private spoil(response: ServerResponse, { kind, status = 500, body }: VllmFault): void {
    switch (kind) {
      case 'fail':
        write(response, errorReply(new VllmHttpError(status, 'InternalServerError', body ?? 'injected failure')));
        return;
      case 'reset':
        response.socket?.destroy();
        return;
      case 'hang':
        this.hanging.add(response);
        return;
      case 'die':
        this.die();
    }
  }
}

function contextOf(options: VllmDoubleOptions, root: string): RouteContext {
  const { backend, baseModelName, release = '0.33', devMode = true, runtimeLora = true, maxLoraRank = 64 } = options;
  const profile = VLLM_PROFILES[release];
  const state = new EngineState(profile);
  const loras = new LoraRegistry(root, backend, profile, maxLoraRank);
  const completions = new CompletionEngine(backend, state, loras, baseModelName);
  return { backend, baseModelName, profile, devMode, runtimeLora, state, loras, completions };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function errorReply(error: unknown): Reply {
  if (error instanceof VllmHttpError) return { status: error.status, body: JSON.parse(error.body) as object };
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, body: { error: { message, type: 'InternalServerError', param: null, code: 500 } } };
}

function write(response: ServerResponse, reply: Reply | null): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    // A stream that breaks says so in an event.
    if (reply !== null) response.write(`data: ${JSON.stringify(reply.body)}\n\ndata: [DONE]\n\n`);
    response.end();
    return;
  }
  if (reply === null) {
    response.end();
    return;
  }
  const { status, body } = reply;
  if (body === undefined) response.writeHead(status).end();
  else if (typeof body === 'string')
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
