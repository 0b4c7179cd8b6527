import { describe, expect, it } from 'vitest';
import { serviceSettings, ServiceSettingsError } from './service-settings.js';

const OPTIONS = { port: 9000, image: 'claas-trainer:2', app: 'claas', isEphemeral: false };
const CREDENTIALS = { MODAL_TOKEN_ID: 'ak-1', MODAL_TOKEN_SECRET: 'as-1' };

describe('settings of the service on Modal', () => {
  it('are those of this machine, but for what is about this machine', () => {
    const environment = {
      ...CREDENTIALS,
      PATH: '/usr/bin',
      CLAAS_DATABASE_URL: 'postgres://u:p@h/d',
      CLAAS_BASE_MODEL_ID: 'Qwen/Qwen3-0.6B',
      CLAAS_API_PORT: '1234',
      CLAAS_LORA_ROOT: '/loras',
      HF_TOKEN: 'hf_1',
    };
    expect(serviceSettings(environment, OPTIONS)).toEqual({
      ...CREDENTIALS,
      CLAAS_DATABASE_URL: 'postgres://u:p@h/d',
      CLAAS_BASE_MODEL_ID: 'Qwen/Qwen3-0.6B',
      HF_TOKEN: 'hf_1',
      CLAAS_DISTILL_EXECUTION_MODE: 'modal',
      CLAAS_MODAL_IMAGE: 'claas-trainer:2',
      CLAAS_MODAL_APP: 'claas',
      CLAAS_API_HOST: '0.0.0.0',
      CLAAS_API_PORT: '9000',
      CLAAS_DATA_DIR: '/tmp/claas-data',
      FEEDBACK_LOG_DIR: '/tmp/claas-data/feedback_logs',
    });
  });

  it('need credentials, and a database that outlives the Sandbox unless it is only tried', () => {
    expect(() => serviceSettings({}, OPTIONS)).toThrow(/MODAL_TOKEN_ID and MODAL_TOKEN_SECRET must be set/);
    expect(() => serviceSettings(CREDENTIALS, OPTIONS)).toThrow(ServiceSettingsError);
    expect(() => serviceSettings(CREDENTIALS, OPTIONS)).toThrow(/CLAAS_DATABASE_URL is not set/);
    expect(serviceSettings(CREDENTIALS, { ...OPTIONS, isEphemeral: true })).not.toHaveProperty('CLAAS_DATABASE_URL');
  });
});
