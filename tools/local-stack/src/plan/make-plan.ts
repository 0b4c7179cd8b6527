import type { StackSettings } from '../settings/read-settings.js';
import { apiPlan } from './api-plan.js';
import { gatewayPlan } from './gateway-plan.js';
import { apiUrl } from './places.js';
import type { StackPlan } from './service-plan.js';
import { vllmPlan } from './vllm-plan.js';

/** What a start with these settings does. */
export function makePlan(settings: StackSettings): StackPlan {
  const { file, dataDirectory, logFile } = settings;
  const vllm = file.vllm === undefined ? [] : [vllmPlan(settings, file.vllm)];
  const gateway = file.gateway === undefined ? [] : [gatewayPlan(settings, file.gateway)];
  return {
    dataDirectory,
    logFile,
    apiUrl: apiUrl(settings),
    services: [...vllm, apiPlan(settings), ...gateway],
    adapters: file.adapters.map(({ id, rank, alpha, seed }) => ({
      id,
      request: {
        lora_id: id,
        ...(rank !== undefined && { lora_r: rank }),
        ...(alpha !== undefined && { lora_alpha: alpha }),
        ...(seed !== undefined && { seed }),
      },
    })),
  };
}
