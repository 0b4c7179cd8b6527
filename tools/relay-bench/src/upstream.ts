import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerOf, eventsOf } from './fixed-answer.js';

/** Milliseconds between a request and its answer, which a model would take. */
const SERVICE_TIME_MS = Number(process.argv[2] ?? 0);
/** Between two events of a stream. */
const EVENT_PAUSE_MS = 5;

const adapters = new Map<string, string>();

/** A vLLM server as far as the API needs one to pass completions on, which gives one answer to everything. */
const server = createServer((request, response) => {
  void answer(request, response);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = request.method === 'POST' ? await readJson(request) : {};
  switch (request.url ?? '') {
    case '/v1/chat/completions':
      if (body['stream'] === true) stream(response, body);
      else whole(response, body);
      return;
    case '/v1/models':
      json(response, { object: 'list', data: models() });
      return;
    case '/v1/load_lora_adapter':
      adapters.set(String(body['lora_name']), String(body['lora_path']));
      response.end('Success: LoRA adapter added successfully.');
      return;
    case '/v1/unload_lora_adapter':
      adapters.delete(String(body['lora_name']));
      response.end('Success: LoRA adapter removed successfully.');
      return;
    case '/version':
      json(response, { version: '0.33.0' });
      return;
    case '/is_sleeping':
      json(response, { is_sleeping: false });
      return;
    default:
      response.end();
  }
}

function whole(response: ServerResponse, body: Readonly<Record<string, unknown>>): void {
  const text = answerOf(body);
  if (SERVICE_TIME_MS === 0) json(response, text);
  else setTimeout(json, SERVICE_TIME_MS, response, text);
}

function stream(response: ServerResponse, body: Readonly<Record<string, unknown>>): void {
  const events = eventsOf(body);
  let sent = 0;
  const send = (): void => {
    if (response.destroyed) return;
    response.write(events[sent]);
    sent += 1;
    if (sent < events.length) setTimeout(send, EVENT_PAUSE_MS);
    else response.end();
  };
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    send();
  }, SERVICE_TIME_MS);
}

function models(): object[] {
  const base = { id: 'clay-tiny', object: 'model', owned_by: 'vllm', root: '/model', parent: null, max_model_len: 512 };
  return [base, ...[...adapters].map(([id, root]) => ({ ...base, id, root, parent: 'clay-tiny' }))];
}

function json(response: ServerResponse, value: object | string): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
}

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on('SIGTERM', () => process.exit(0));
