import { ClaasError } from '@claas/contracts';
import type { ServingHealth } from '@claas/contracts';
import type { ServerAdapters } from '../adapters/server-adapters.js';
import type { VllmHttp } from '../http/vllm-http.js';
import type { VllmSettings } from '../settings/vllm-settings.js';
import { serverRelease } from '../sleeping/server-release.js';
import type { SleepControl } from '../sleeping/sleep-control.js';

const LIMIT_MS = 3_000;

/** Asks the server for everything that a step and an answer need of it. Asleep is healthy: it is waked when a step has ended. */
export async function lookAtHealth(
  http: VllmHttp,
  server: ServerAdapters,
  sleep: SleepControl,
  { baseModelName, asksForBaseModelName, baseUrl, releasesAccelerator }: VllmSettings,
  known: Readonly<Record<string, unknown>>,
): Promise<ServingHealth> {
  const details = { url: baseUrl, ...known };
  try {
    await http.send({ method: 'GET', path: '/health', timeoutMs: LIMIT_MS });
    const version = await serverRelease(http, LIMIT_MS);
    const isSleeping = await sleep.isSleeping();
    const cards = await server.list();
    const names = cards.filter(({ parent }) => (parent ?? null) === null).map(({ id }) => id);
    const found = { ...details, version, sleeping: isSleeping, base_models: names, models: cards.length };
    const problem = problemOf(names, isSleeping);
    return { ready: problem === null, problem, details: found };
  } catch (error) {
    return { ready: false, problem: ClaasError.from(error).message, details };
  }

  function problemOf(names: readonly string[], isSleeping: boolean | null): string | null {
    if (!names.includes(baseModelName) && !(asksForBaseModelName && names.length > 0)) {
      return `The vLLM server doesn’t serve ${baseModelName}. Start it with --served-model-name ${baseModelName}, or correct CLAAS_VLLM_MODEL.`;
    }
    if (isSleeping === null && releasesAccelerator) {
      return 'The vLLM server can’t be put to sleep. Start it with VLLM_SERVER_DEV_MODE=1 and --enable-sleep-mode.';
    }
    return null;
  }
}
