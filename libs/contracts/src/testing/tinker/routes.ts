import { randomUUID } from 'node:crypto';
import type { TinkerCall } from './fault-table.js';
import { RequestFailure } from './futures.js';
import { TinkerHttpError } from './http-error.js';
import type { TinkerService } from './tinker-service.js';
import { readForwardBackward } from './wire-format.js';

export interface Incoming {
  readonly url: URL;
  readonly body: Buffer;
  readonly contentType: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | Uint8Array | null;
}

export interface RouteContext {
  readonly service: TinkerService;
  readonly pollMs: number;
  /** Archives that were asked for, by the token of their address. */
  readonly archives: Map<string, string>;
}

type Fields = Readonly<Record<string, unknown>>;
type Answer = (context: RouteContext, incoming: Incoming, parts: readonly string[]) => Promise<Reply>;

const ok = (body: object): Reply => ({ status: 200, body });
const future = (request_id: string): Reply => ok({ request_id });

/** The JSON object of a request. */
function fields({ body }: Incoming): Fields {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Fields;
  } catch {
    // Said below.
  }
  throw new TinkerHttpError(422, 'the body is no JSON object');
}

function text(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new TinkerHttpError(422, `${name}: field required`);
}

function number(from: Fields, name: string, fallback?: number): number {
  const value = from[name] ?? fallback;
  if (typeof value === 'number') return value;
  throw new TinkerHttpError(422, `${name}: a number is required`);
}

const clientConfig: Answer = async () =>
  ok({ fwdbwd_max_chunk_len: 1024, fwdbwd_max_chunk_bytes_count: 5_000_000, pjwt_auth_enabled: false });

const capabilities: Answer = async ({ service: { model } }) =>
  ok({ supported_models: [{ model_name: model.name, max_context_length: model.contextLength }] });

const createSession: Answer = async ({ service }) =>
  ok({ session_id: service.createSession(), type: 'create_session' });

const heartbeat: Answer = async ({ service }, incoming) => {
  service.heartbeat(text(fields(incoming), 'session_id'));
  return ok({ type: 'session_heartbeat' });
};

const createModel: Answer = async ({ service }, incoming) => {
  const body = fields(incoming);
  const lora = (body['lora_config'] ?? {}) as Fields;
  if (lora['train_unembed'] !== false) throw new TinkerHttpError(400, 'this double trains no unembedding');
  const config = {
    rank: number(lora, 'rank'),
    seed: (lora['seed'] as number | undefined) ?? null,
    trainAttention: lora['train_attn'] !== false,
    trainMlp: lora['train_mlp'] !== false,
  };
  const id = service.createModel(
    text(body, 'session_id'),
    number(body, 'model_seq_id'),
    text(body, 'base_model'),
    config,
  );
  return future(id);
};

const unloadModel: Answer = async ({ service }, incoming) =>
  future(service.unloadModel(text(fields(incoming), 'model_id')));

const forwardBackward: Answer = async ({ service }, { body, contentType }) => {
  if (contentType !== 'application/x-protobuf') throw new TinkerHttpError(415, 'forward_backward is protobuf only');
  if (body.length > 6_000_000) throw new TinkerHttpError(413, 'the request is too large');
  return future(service.forwardBackward(readForwardBackward(body)));
};

const optimStep: Answer = async ({ service }, incoming) => {
  const body = fields(incoming);
  const adam = (body['adam_params'] ?? {}) as Fields;
  const params = {
    learningRate: number(adam, 'learning_rate', 1e-4),
    beta1: number(adam, 'beta1', 0.9),
    beta2: number(adam, 'beta2', 0.95),
    epsilon: number(adam, 'eps', 1e-12),
    weightDecay: number(adam, 'weight_decay', 0),
    gradClipNorm: number(adam, 'grad_clip_norm', 0),
  };
  return future(service.optimStep(text(body, 'model_id'), number(body, 'seq_id'), params));
};

const save =
  (kind: 'weights' | 'sampler_weights'): Answer =>
  async ({ service }, incoming) => {
    const body = fields(incoming);
    const [model, name] = [text(body, 'model_id'), text(body, 'path')];
    return future(service.save(model, number(body, 'seq_id'), kind, name, body['overwrite'] === true));
  };

const loadWeights: Answer = async ({ service }, incoming) => {
  const body = fields(incoming);
  const [model, path] = [text(body, 'model_id'), text(body, 'path')];
  return future(service.load(model, number(body, 'seq_id'), path, body['optimizer'] === true));
};

const createSamplingSession: Answer = async ({ service }, incoming) => {
  const body = fields(incoming);
  const path = (body['model_path'] as string | undefined) ?? null;
  if (path === null && body['base_model'] !== service.model.name) {
    throw new TinkerHttpError(400, `unsupported base model ${String(body['base_model'])}`);
  }
  const [session, seqId] = [text(body, 'session_id'), number(body, 'sampling_session_seq_id')];
  return ok({
    sampling_session_id: await service.createSamplingSession(session, seqId, path),
    type: 'create_sampling_session',
  });
};

const sample: Answer = async ({ service }, incoming) => {
  const body = fields(incoming);
  const { chunks } = (body['prompt'] ?? {}) as { readonly chunks?: readonly { readonly tokens: readonly number[] }[] };
  const params = (body['sampling_params'] ?? {}) as Fields;
  const stop = (params['stop'] as readonly unknown[] | undefined) ?? [];
  if (!Array.isArray(stop) || stop.some((one) => typeof one !== 'number')) {
    throw new TinkerHttpError(400, 'this double knows stop token ids alone');
  }
  const topK = number(params, 'top_k', -1);
  const call = {
    seqId: number(body, 'seq_id'),
    prompt: (chunks ?? []).flatMap(({ tokens }) => [...tokens]),
    samples: number(body, 'num_samples', 1),
    params: {
      maxTokens: (params['max_tokens'] as number | undefined) ?? null,
      temperature: number(params, 'temperature', 1),
      topP: number(params, 'top_p', 1),
      topK: topK < 0 ? 0 : topK,
      seed: number(params, 'seed', 0),
      stopTokenIds: stop as readonly number[],
    },
    wantsPromptLogprobs: body['prompt_logprobs'] === true,
    topK: number(body, 'topk_prompt_logprobs', 0),
  };
  if (call.prompt.length === 0) throw new TinkerHttpError(400, 'the prompt is empty');
  return future(service.sample(text(body, 'sampling_session_id'), call));
};

const retrieveFuture: Answer = async ({ service, pollMs }, incoming) => {
  try {
    const payload = await service.futures.retrieve(text(fields(incoming), 'request_id'), pollMs);
    if (payload === null) return { status: 408, body: { queue_state: 'active', queue_state_reason: null } };
    if ('json' in payload) return ok(payload.json);
    return { status: 200, headers: { 'content-type': 'application/x-protobuf' }, body: payload.protobuf };
  } catch (error) {
    if (error instanceof TinkerHttpError) throw error;
    const category = error instanceof RequestFailure ? error.category : 'server';
    return ok({ error: error instanceof Error ? error.message : String(error), category });
  }
};

const checkpoints: Answer = async ({ service }) => {
  const all = await service.checkpoints.list();
  return ok({
    checkpoints: all.map(({ path, kind, time }) => ({
      checkpoint_id: path.split('/').slice(3).join('/'),
      checkpoint_type: kind === 'weights' ? 'training' : 'sampler',
      tinker_path: path,
      time,
      public: false,
    })),
    cursor: { offset: 0, limit: all.length, total_count: all.length },
  });
};

const pathOf = ([run, kind, name]: readonly string[]): string => `tinker://${run ?? ''}/${kind ?? ''}/${name ?? ''}`;

const deleteCheckpoint: Answer = async ({ service }, _incoming, parts) => {
  await service.checkpoints.remove(pathOf(parts));
  return ok({});
};

const archive: Answer = async ({ service, archives }, { url }, parts) => {
  await service.checkpoints.find(pathOf(parts));
  const token = randomUUID();
  archives.set(token, pathOf(parts));
  return { status: 302, headers: { location: new URL(`/archives/${token}`, url).href }, body: null };
};

const archiveFile: Answer = async ({ service, archives }, _incoming, [token]) => {
  const path = archives.get(token ?? '');
  if (path === undefined) throw new TinkerHttpError(403, 'the signature is wrong');
  return {
    status: 200,
    headers: { 'content-type': 'application/x-tar' },
    body: await service.checkpoints.archive(path),
  };
};

const CHECKPOINT = '/api/v1/training_runs/([^/]+)/checkpoints/(weights|sampler_weights)/([^/]+)';
const post = (path: string): string => `POST /api/v1/${path}`;

const ROUTES: readonly (readonly [string, TinkerCall | null, Answer])[] = [
  [post('client/config'), 'client_config', clientConfig],
  ['GET /api/v1/healthz', 'healthz', async () => ok({ status: 'ok' })],
  ['GET /api/v1/get_server_capabilities', 'get_server_capabilities', capabilities],
  [post('create_session'), 'create_session', createSession],
  [post('session_heartbeat'), 'session_heartbeat', heartbeat],
  [post('create_model'), 'create_model', createModel],
  [post('unload_model'), 'unload_model', unloadModel],
  [post('forward_backward'), 'forward_backward', forwardBackward],
  [post('optim_step'), 'optim_step', optimStep],
  [post('save_weights'), 'save_weights', save('weights')],
  [post('save_weights_for_sampler'), 'save_weights_for_sampler', save('sampler_weights')],
  [post('load_weights'), 'load_weights', loadWeights],
  [post('create_sampling_session'), 'create_sampling_session', createSamplingSession],
  [post('asample'), 'asample', sample],
  [post('retrieve_future'), 'retrieve_future', retrieveFuture],
  ['GET /api/v1/checkpoints', null, checkpoints],
  [`DELETE ${CHECKPOINT}`, 'delete_checkpoint', deleteCheckpoint],
  [`GET ${CHECKPOINT}/archive`, 'archive', archive],
  ['GET /archives/([^/]+)', 'archive_file', archiveFile],
];

export interface Route {
  readonly call: TinkerCall | null;
  readonly needsKey: boolean;
  readonly answer: (context: RouteContext, incoming: Incoming) => Promise<Reply>;
}

export function findRoute(method: string, path: string): Route | null {
  for (const [pattern, call, answer] of ROUTES) {
    const match = new RegExp(`^${pattern}$`).exec(`${method} ${path}`);
    if (match === null) continue;
    const parts = match.slice(1).map(decodeURIComponent);
    const needsKey = call !== 'healthz' && call !== 'archive_file';
    return { call, needsKey, answer: (context, incoming) => answer(context, incoming, parts) };
  }
  return null;
}
