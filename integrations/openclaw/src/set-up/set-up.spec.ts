import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInitSettings } from '../init/init-settings.js';
import { readPluginSettings } from '../settings/plugin-settings.js';
import { openclawConfig } from './openclaw-config.js';
import { writeConfig } from './write-config.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'openclaw-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(path.join(folder, 'openclaw.json'), 'utf8')) as Record<string, unknown>;

const configOf = (
  environment: Readonly<Record<string, string>>,
  baseModel = 'Qwen/Qwen3-8B',
): Record<string, unknown> =>
  openclawConfig(readInitSettings({ HOME: '/home/node', ...environment }).gatewayFor(baseModel));

describe('the configuration of the gateway', () => {
  it('names secrets and holds none', () => {
    const text = JSON.stringify(
      configOf({ OPENCLAW_GATEWAY_TOKEN: 'gateway-secret', TELEGRAM_BOT_TOKEN: 'bot-secret' }),
    );
    expect(text).toContain('${OPENCLAW_GATEWAY_TOKEN}');
    expect(text).toContain('${TELEGRAM_BOT_TOKEN}');
    expect(text).not.toMatch(/gateway-secret|bot-secret/);
  });

  it('answers nobody whom the owner has not admitted, and keeps people apart', () => {
    const { channels, session } = configOf({}) as { channels: { telegram: object }; session: object };
    expect(channels.telegram).toMatchObject({ dmPolicy: 'pairing' });
    expect(session).toEqual({ dmScope: 'per-channel-peer' });
    const { channels: admitted } = configOf({ TELEGRAM_ALLOWED_USERS: '12, 34' }) as { channels: { telegram: object } };
    expect(admitted.telegram).toMatchObject({ dmPolicy: 'allowlist', allowFrom: ['12', '34'] });
  });

  it.each([
    ['clay-tiny', 4096, { plainPrompts: true, training: { learning_rate: 0.003, steps: 16 } }],
    ['Qwen/Qwen3-8B', 32_768, { plainPrompts: false, training: {} }],
  ])('suits the base model %s', (baseModel, contextWindow, plugin) => {
    const config = configOf({ CLAAS_URL: 'http://claas-api:8080/' }, baseModel) as {
      models: { providers: { claas: { baseUrl: string; models: object[] } } };
      plugins: { entries: { 'claas-feedback': { config: unknown } } };
    };
    expect(config.models.providers.claas).toMatchObject({
      baseUrl: 'http://claas-api:8080/v1',
      models: [{ contextWindow }],
    });
    const settings = readPluginSettings(config.plugins.entries['claas-feedback'].config);
    expect(settings).toMatchObject({ baseUrl: 'http://claas-api:8080', loraId: 'openclaw/assistant', ...plugin });
  });

  it('names every variable that is wrong', () => {
    const wrong = {
      CLAAS_URL: 'api',
      LORA_SEED: '-1',
      OPENCLAW_BIND: 'all',
      MODEL_CONTEXT_WINDOW: '2048',
      TELEGRAM_ALLOWED_USERS: '@ann',
      CLAAS_TRAINING: '[]',
    };
    for (const name of Object.keys(wrong)) expect(() => readInitSettings(wrong)).toThrow(`${name} must be`);
  });
});

describe('writing it', () => {
  it('changes nothing the second time', async () => {
    expect(await writeConfig(folder, configOf({}))).toBe(true);
    const first = await read();
    expect(await writeConfig(folder, configOf({}))).toBe(false);
    expect(await read()).toEqual(first);
  });

  it('keeps what the owner and OpenClaw have added, and brings its own up to date', async () => {
    await writeFile(
      path.join(folder, 'openclaw.json'),
      JSON.stringify({ meta: { lastTouchedVersion: '2026.9.6' }, gateway: { port: 1, controlUi: { enabled: false } } }),
    );
    await writeConfig(folder, configOf({ OPENCLAW_PORT: '18790' }));
    expect(await read()).toMatchObject({
      meta: { lastTouchedVersion: '2026.9.6' },
      gateway: { port: 18_790, controlUi: { enabled: false }, mode: 'local' },
    });
  });

  it('leaves a file alone that it can’t read', async () => {
    const file = path.join(folder, 'openclaw.json');
    await writeFile(file, '{ gateway: {}, } // mine');
    await expect(writeConfig(folder, configOf({}))).rejects.toThrow('is not plain JSON');
    expect(await readFile(file, 'utf8')).toBe('{ gateway: {}, } // mine');
  });
});
