import { VllmRefusalError } from '../http/vllm-errors.js';
import type { VllmHttp } from '../http/vllm-http.js';

/** The release as `/version` tells it, for example `0.32.0`; null when it doesn't. */
export async function serverRelease(http: VllmHttp, timeoutMs: number): Promise<string | null> {
  try {
    const call = { method: 'GET', path: '/version', timeoutMs } as const;
    const { version } = (await http.askJson(call)) as { version?: string };
    return version ?? null;
  } catch (error) {
    if (error instanceof VllmRefusalError) return null;
    throw error;
  }
}

/**
 * Whether weights that level 2 threw away can be read again where LoRA is enabled. Read in the sources: 0.24 looks for
 * names that LoRA has moved (vllm-project/vllm#39934), 0.28 doesn't; those between were not looked at.
 */
export function canReloadWeights(release: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(major) > 0 || Number(minor) >= 28;
}
