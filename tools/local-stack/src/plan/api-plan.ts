import path from 'node:path';
import type { StackSettings } from '../settings/read-settings.js';
import { baseModel } from './base-model.js';
import { apiUrl, loraRoot } from './places.js';
import type { ServicePlan } from './service-plan.js';
import { API_MAIN } from './workspace-root.js';

/** The API with its trainer. It reads the rest of its settings as always: from the environment and from .env. */
export function apiPlan(settings: StackSettings): ServicePlan {
  const { file, dotEnv, env, host, port, dataDirectory, workingDirectory } = settings;
  return {
    name: 'api',
    command: [process.execPath, API_MAIN],
    workingDirectory,
    env: {
      ...dotEnv,
      ...file.api.env,
      CLAAS_API_HOST: host,
      CLAAS_API_PORT: String(port),
      CLAAS_DATA_DIR: dataDirectory,
      CLAAS_LORA_ROOT: loraRoot(settings),
      FEEDBACK_LOG_DIR: path.resolve(
        workingDirectory,
        env['FEEDBACK_LOG_DIR'] ?? path.join(dataDirectory, 'feedback_logs'),
      ),
      ...(file.vllm !== undefined && {
        CLAAS_BASE_MODEL_ID: baseModel(settings),
        VLLM_BASE_URL: `http://127.0.0.1:${file.vllm.port}`,
      }),
    },
    ports: [port],
    health: { kind: 'api', url: apiUrl(settings) },
    startLimitMs: file.limits.api_start_s * 1000,
  };
}
