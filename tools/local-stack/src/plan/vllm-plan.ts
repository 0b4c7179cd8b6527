import { existsSync } from 'node:fs';
import path from 'node:path';
import type { StackSettings } from '../settings/read-settings.js';
import type { StackFile } from '../settings/stack-file.js';
import { baseModel } from './base-model.js';
import type { ServicePlan } from './service-plan.js';
import { SHIPPED_MODEL, SHIPPED_MODEL_DIRECTORY } from './workspace-root.js';

type VllmFile = NonNullable<StackFile['vllm']>;

/** A vLLM server that can do what the API asks of it: adapters at run time, and sleep while a step needs the GPU. */
export function vllmPlan(settings: StackSettings, vllm: VllmFile): ServicePlan {
  const { env, file, workingDirectory } = settings;
  const secrets = ['VLLM_API_KEY', 'HF_TOKEN', 'HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_HOME'];
  return {
    name: 'vllm',
    command: vllm.command ?? [...vllm.program, ...vllmArguments(settings, vllm)],
    workingDirectory,
    env: {
      ...Object.fromEntries(secrets.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
      VLLM_SERVER_DEV_MODE: '1',
      VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1',
      VLLM_NO_USAGE_STATS: '1',
      ...vllm.env,
    },
    ports: [vllm.port],
    health: { kind: 'vllm', url: `http://127.0.0.1:${vllm.port}` },
    startLimitMs: file.limits.vllm_start_s * 1000,
  };
}

function vllmArguments(settings: StackSettings, vllm: VllmFile): string[] {
  const model = baseModel(settings);
  const length = vllm.max_model_len === undefined ? [] : ['--max-model-len', String(vllm.max_model_len)];
  return [
    'serve',
    vllm.model ?? (model === SHIPPED_MODEL ? SHIPPED_MODEL_DIRECTORY : model),
    ...['--served-model-name', servedName(model)],
    ...['--host', '127.0.0.1', '--port', String(vllm.port)],
    ...['--gpu-memory-utilization', String(vllm.gpu_memory_utilization), ...length],
    ...['--enable-lora', '--max-loras', String(vllm.max_loras)],
    ...['--max-cpu-loras', String(8 * vllm.max_loras), '--max-lora-rank', String(vllm.max_lora_rank)],
    '--enable-sleep-mode',
    ...vllm.args,
  ];
}

function servedName(model: string): string {
  return existsSync(model) ? path.basename(model) : model;
}
