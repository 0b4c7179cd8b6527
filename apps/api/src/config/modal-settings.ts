import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { ServiceEnvironment } from './environment-sections.js';
import type { CommonSettings, ModalSettings } from './settings.js';
import type { SettingProblem } from './settings-error.js';

const CREDENTIALS = ['MODAL_TOKEN_ID', 'MODAL_TOKEN_SECRET'] as const;

/** What mode `modal` can't be without. */
export function modalProblems(environment: ServiceEnvironment): SettingProblem[] {
  if (environment.CLAAS_DISTILL_EXECUTION_MODE !== 'modal') return [];
  return CREDENTIALS.filter((name) => environment[name] === null).map((name) => ({
    name,
    message: 'is needed in mode modal: make a token with `modal token new` or at modal.com/settings/tokens',
  }));
}

export function readModalSettings(environment: ServiceEnvironment, common: CommonSettings): ModalSettings {
  const { MODAL_TOKEN_ID: tokenId, MODAL_TOKEN_SECRET: tokenSecret } = environment;
  return {
    mode: 'modal',
    ...common,
    tokenId: tokenId ?? '',
    tokenSecret: tokenSecret ?? '',
    environment: environment.MODAL_ENVIRONMENT,
    app: environment.CLAAS_MODAL_APP,
    volume: environment.CLAAS_MODAL_VOLUME,
    image: environment.CLAAS_MODAL_IMAGE,
    gpu: environment.CLAAS_MODAL_GPU,
    idleMs: environment.CLAAS_MODAL_IDLE_S * 1000,
    noProgressTimeoutMs: environment.CLAAS_TRAINER_NO_PROGRESS_TIMEOUT_S * 1000,
    owner: deploymentName(common),
    trainerEnvironment: {
      CLAAS_TENSOR_BACKEND: environment.CLAAS_TENSOR_BACKEND,
      HF_ENDPOINT: environment.HF_ENDPOINT,
      ...(environment.HF_TOKEN !== null && { HF_TOKEN: environment.HF_TOKEN }),
    },
  };
}

/**
 * The same after a restart, and another for every other process of the API, also on the same database: two trainers in one Sandbox
 * would end each other.
 */
function deploymentName({ databaseUrl, dataDirectory }: CommonSettings): string {
  const identity = JSON.stringify([databaseUrl, hostname(), dataDirectory]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}
