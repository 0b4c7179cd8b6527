import { PRINTABLE } from './printable.js';
import type { ServiceEnvironment } from './environment-sections.js';
import type { CommonSettings, TinkerSettings } from './settings.js';
import type { SettingProblem } from './settings-error.js';

const PUBLIC_HOST = 'tinker.thinkingmachines.dev';
/** Keys of the public service, and the tokens that it exchanges them for. */
const PUBLIC_KEY = /^(tml-|eyJ)/;

/** What mode `tinker` can't be without. */
export function tinkerProblems(environment: ServiceEnvironment): SettingProblem[] {
  if (environment.CLAAS_DISTILL_EXECUTION_MODE !== 'tinker') return [];
  const { CLAAS_TINKER_API_KEY: key, CLAAS_TINKER_BASE_URL: url } = environment;
  const name = 'CLAAS_TINKER_API_KEY';
  if (key === null) return [{ name, message: 'is needed in mode tinker: the service’s console makes a key' }];
  if (!URL.canParse(url) || new URL(url).hostname !== PUBLIC_HOST || PUBLIC_KEY.test(key)) return [];
  // Said once is enough.
  if (!PRINTABLE.test(key)) return [];
  return [{ name, message: `is no key of ${PUBLIC_HOST}: those begin with tml-` }];
}

export function readTinkerSettings(
  environment: ServiceEnvironment,
  variables: Readonly<Record<string, string | undefined>>,
  common: CommonSettings,
): TinkerSettings {
  return {
    mode: 'tinker',
    ...common,
    baseUrl: environment.CLAAS_TINKER_BASE_URL,
    apiKey: environment.CLAAS_TINKER_API_KEY ?? '',
    maxTopK: environment.CLAAS_TINKER_MAX_TOP_K,
    hub: {
      environment: variables,
      endpoint: environment.HF_ENDPOINT,
      token: environment.HF_TOKEN,
    },
  };
}
