import { fileURLToPath } from 'node:url';
import path from 'node:path';
import type { GatewayOptions } from '../set-up/openclaw-config.js';
import { EnvironmentReader, type Environment } from './environment-reader.js';

export interface InitSettings {
  readonly claasUrl: string;
  readonly loraId: string;
  /** Of a new adapter's weights; null draws one. */
  readonly loraSeed: number | null;
  /** Where openclaw.json goes. */
  readonly configFolder: string;
  readonly timeoutSeconds: number;
  /** What the gateway is to be like in front of that base model. */
  readonly gatewayFor: (baseModel: string) => GatewayOptions;
}

/** `integrations/openclaw`, wherever it is installed. */
const PLUGIN_FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const LARGE_MODEL = {
  contextWindow: 32_768,
  maxTokens: 4096,
  isSmall: false,
  systemPrompt: null,
  training: {},
};

/** The model that ships: its context of 2048 tokens is less than OpenClaw accepts, and it learns with larger steps. */
const SHIPPED_MODEL = {
  contextWindow: 4096,
  maxTokens: 256,
  isSmall: true,
  systemPrompt: 'You are a friendly assistant.',
  // Where the teacher hardly minds what was said, 8 steps are too few: README.md has what was measured.
  training: { learning_rate: 0.003, steps: 16 },
};

/** @throws Error that names every variable that can't be used */
export function readInitSettings(environment: Environment): InitSettings {
  const read = new EnvironmentReader(environment);
  const configFolder = read.text('OPENCLAW_STATE_DIR') ?? path.join(read.text('HOME') ?? '.', '.openclaw');
  const url = read.matching('CLAAS_URL', /^https?:\/\//, 'an http or https address');
  const claasUrl = (url ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  const loraId = read.text('LORA_ID') ?? 'openclaw/assistant';
  const loraSeed = read.wholeNumber('LORA_SEED', 0);
  const port = read.wholeNumber('OPENCLAW_PORT', 1) ?? 18_789;
  const bind = read.oneOf('OPENCLAW_BIND', ['loopback', 'lan']) ?? 'loopback';
  const users = read.matching('TELEGRAM_ALLOWED_USERS', /^[\d\s,]+$/, 'numbers, with commas between them');
  const allowedUsers = users?.split(/[\s,]+/).filter(Boolean) ?? [];
  const apiRoot = read.matching('TELEGRAM_API_ROOT', /^https?:\/\//, 'an http or https address');
  const timeoutSeconds = read.wholeNumber('INIT_TIMEOUT_S', 1) ?? 900;
  const contextWindow = read.wholeNumber('MODEL_CONTEXT_WINDOW', 4000);
  const maxTokens = read.wholeNumber('MODEL_MAX_TOKENS', 1);
  const isSmall = read.oneOf('MODEL_IS_SMALL', ['true', 'false']);
  const systemPrompt = read.text('SYSTEM_PROMPT');
  const training = read.object('CLAAS_TRAINING', '{"learning_rate": 0.003}');
  if (read.problems.length > 0) throw new Error(read.problems.join('; '));
  const gatewayFor = (baseModel: string): GatewayOptions => {
    const usual = baseModel === 'clay-tiny' ? SHIPPED_MODEL : LARGE_MODEL;
    return {
      claasUrl,
      loraId,
      pluginFolder: PLUGIN_FOLDER,
      workspace: path.join(configFolder, 'workspace'),
      gateway: { port, bind },
      model: {
        contextWindow: contextWindow ?? usual.contextWindow,
        maxTokens: maxTokens ?? usual.maxTokens,
        isSmall: isSmall === null ? usual.isSmall : isSmall === 'true',
        systemPrompt: systemPrompt ?? usual.systemPrompt,
      },
      telegram: { allowedUsers, apiRoot },
      training: training ?? usual.training,
    };
  };
  return { claasUrl, configFolder, gatewayFor, loraId, loraSeed, timeoutSeconds };
}
