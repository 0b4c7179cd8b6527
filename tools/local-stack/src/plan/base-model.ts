import type { StackSettings } from '../settings/read-settings.js';
import { SHIPPED_MODEL } from './workspace-root.js';

/** The base model that the API trains: what the vLLM server must serve, unless `vllm.model` says where it lies. */
export function baseModel({ env, file }: StackSettings): string {
  return file.api.env['CLAAS_BASE_MODEL_ID'] ?? env['CLAAS_BASE_MODEL_ID'] ?? file.vllm?.model ?? SHIPPED_MODEL;
}
