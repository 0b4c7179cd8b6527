import { encode } from './completion-engine.js';
import type { CompletionEngine } from './completion-engine.js';
import { chatPrompt, textPrompt } from './completion-request.js';
import type { EngineState } from './engine-state.js';
import type { VllmCallName } from './fault-table.js';
import { VllmHttpError } from './http-error.js';
import type { LoraRegistry } from './lora-registry.js';
import { metricsPage } from './metrics-page.js';
import type { ModelBackend } from './model-backend.js';
import type { VllmProfile } from './vllm-profile.js';

export interface RouteContext {
  readonly backend: ModelBackend;
  readonly baseModelName: string;
  readonly profile: VllmProfile;
  readonly devMode: boolean;
  readonly runtimeLora: boolean;
  readonly state: EngineState;
  readonly loras: LoraRegistry;
  readonly completions: CompletionEngine;
}

export interface Incoming {
  readonly url: URL;
  readonly text: string;
  readonly body: unknown;
  readonly send: (event: object | '[DONE]') => void;
  readonly signal: AbortSignal;
}

/** `undefined`: an empty body; a string: plain text; otherwise JSON. */
export interface Reply {
  readonly status: number;
  readonly body: object | string | undefined;
}

export interface Route {
  readonly call: VllmCallName;
  /** Null once a stream has been sent. */
  answer(incoming: Incoming): Promise<Reply | null>;
}

type Answer = (context: RouteContext, incoming: Incoming) => Promise<Reply | null>;
type Need = 'devMode' | 'runtimeLora' | null;

const ok = (body?: object | string): Reply => ({ status: 200, body });

const fields = (incoming: Incoming): Record<string, unknown> => {
  if (typeof incoming.body === 'object' && incoming.body !== null) return incoming.body as Record<string, unknown>;
  throw new VllmHttpError(400, 'Bad Request', "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.0'}");
};

const health: Answer = async ({ state }) => ({ status: state.isDead ? 503 : 200, body: undefined });

const version: Answer = async ({ profile }) => ok({ version: profile.version });

const metrics: Answer = async ({ state, baseModelName }) => ok(metricsPage(state, baseModelName));

const models: Answer = async ({ loras, baseModelName, backend }) => {
  const card = { object: 'model', created: Math.floor(Date.now() / 1000), owned_by: 'vllm', permission: [] };
  const base = { id: baseModelName, ...card, root: '/models/base', parent: null, max_model_len: backend.contextLength };
  const adapters = loras
    .list()
    .map(({ name, path }) => ({ id: name, ...card, root: path, parent: baseModelName, max_model_len: null }));
  return ok({ object: 'list', data: [base, ...adapters] });
};

const isSleeping: Answer = async ({ state }) => {
  state.assertAlive();
  return ok({ is_sleeping: state.isSleeping });
};

const sleep: Answer = async ({ state, profile, loras }, { url }) => {
  const level = Number(url.searchParams.get('level') ?? '1');
  const mode = profile.knowsSleepMode ? (url.searchParams.get('mode') ?? 'abort') : 'none';
  if (![0, 1, 2].includes(level)) throw new VllmHttpError(400, 'Bad Request', 'Invalid level', 'query.level');
  if (!['abort', 'wait', 'keep', 'none'].includes(mode))
    throw new VllmHttpError(400, 'Bad Request', 'Invalid mode', 'query.mode');
  await state.sleep(level, mode);
  if (level >= 1) loras.clearCache();
  return ok(profile.answersSleepWithJson ? { status: 'sleeping', level } : undefined);
};

const wakeUp: Answer = async ({ state, profile }, { url }) => {
  const tags = url.searchParams.getAll('tags');
  state.wake(tags.length === 0 ? null : tags);
  const status = state.isSleeping ? 'sleeping' : 'awake';
  return ok(profile.answersSleepWithJson ? { status, tags: tags.length === 0 ? null : tags } : undefined);
};

const collectiveRpc: Answer = async ({ state, profile, loras }, incoming) => {
  const { method } = fields(incoming);
  if (method !== 'reload_weights') throw new VllmHttpError(500, 'InternalServerError', `no method ${String(method)}`);
  state.assertWeightsAwake();
  if (!profile.reloadsWeightsWithLora) {
    throw new VllmHttpError(500, 'InternalServerError', "KeyError: 'layers.0.self_attn.qkv_proj.weight'");
  }
  state.hasGarbage = false;
  await loras.readAgain();
  return ok({ results: [null] });
};

const resetPrefixCache: Answer = async ({ loras, profile }) => {
  loras.clearCache();
  return ok(profile.answersResetWithJson ? { success: true } : undefined);
};

const load: Answer = async ({ loras, state }, incoming) => {
  const { lora_name, lora_path } = fields(incoming);
  state.assertWeightsAwake();
  return ok(await loras.load(lora_name, lora_path));
};

const unload: Answer = async ({ loras }, incoming) => ok(loras.unload(fields(incoming)['lora_name']));

const tokenize: Answer = async ({ backend, baseModelName, loras }, incoming) => {
  const body = fields(incoming);
  assertModel(body['model'], baseModelName, loras);
  const isBare = body['messages'] === undefined && body['add_special_tokens'] === false;
  const tokens = isBare
    ? await backend.encodeText(String(body['prompt']))
    : await encode(backend, body['messages'] === undefined ? textPrompt(body['prompt']) : chatPrompt(body));
  return ok({ count: tokens.length, max_model_len: backend.contextLength, tokens, token_strs: null });
};

const detokenize: Answer = async ({ backend, baseModelName, loras }, incoming) => {
  const body = fields(incoming);
  assertModel(body['model'], baseModelName, loras);
  return ok({ prompt: await backend.decode(body['tokens'] as number[]) });
};

const complete =
  (isChat: boolean): Answer =>
  async ({ completions, state }, incoming) => {
    const body = fields(incoming);
    const isStream = body['stream'] === true;
    const answer = await completions.answer(body, isChat, isStream ? incoming.send : null, incoming.signal);
    state.assertAlive();
    return answer === null ? null : ok(answer);
  };

function assertModel(model: unknown, baseModelName: string, loras: LoraRegistry): void {
  if (model === undefined || model === baseModelName || (typeof model === 'string' && loras.has(model))) return;
  throw new VllmHttpError(404, 'NotFoundError', `The model \`${JSON.stringify(model)}\` does not exist.`, 'model');
}

const ROUTES: Readonly<Record<string, readonly [VllmCallName, Answer, Need]>> = {
  'GET /health': ['health', health, null],
  'GET /version': ['version', version, null],
  'GET /metrics': ['metrics', metrics, null],
  'GET /v1/models': ['models', models, null],
  'GET /is_sleeping': ['is_sleeping', isSleeping, 'devMode'],
  'POST /sleep': ['sleep', sleep, 'devMode'],
  'POST /wake_up': ['wake_up', wakeUp, 'devMode'],
  'POST /collective_rpc': ['reload_weights', collectiveRpc, 'devMode'],
  'POST /reset_prefix_cache': ['reset_prefix_cache', resetPrefixCache, 'devMode'],
  'POST /v1/load_lora_adapter': ['load', load, 'runtimeLora'],
  'POST /v1/unload_lora_adapter': ['unload', unload, 'runtimeLora'],
  'POST /tokenize': ['tokenize', tokenize, null],
  'POST /detokenize': ['detokenize', detokenize, null],
  'POST /v1/completions': ['completions', complete(false), null],
  'POST /v1/chat/completions': ['chat_completions', complete(true), null],
};

/** Null where the server has no such route, or was not started with what it needs. */
export function findRoute(context: RouteContext, method: string, path: string): Route | null {
  const route = ROUTES[`${method} ${path}`];
  if (route === undefined) return null;
  const [call, answer, need] = route;
  if (need !== null && !context[need]) return null;
  return { call, answer: (incoming) => answer(context, incoming) };
}
