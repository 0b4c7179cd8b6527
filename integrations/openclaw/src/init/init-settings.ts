import { fileURLToPath } from 'node:url';
import path from 'node:path';
import type { GatewayOptions } from '../set-up/openclaw-config.js';

export interface InitSettings {
  /** Where openclaw.json goes. */
  readonly configFolder: string;
  readonly timeoutSeconds: number;
  readonly gateway: GatewayOptions;
}

/** `integrations/openclaw`, wherever it is installed. */
const PLUGIN_FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws Error that names every variable that can't be used */
export function readInitSettings(environment: Environment): InitSettings {
  const problems: string[] = [];
  const text = (name: string, otherwise: string): string => environment[name]?.trim() || otherwise;
  const number = (name: string, otherwise: number, least: number): number => {
    const value = Number(text(name, String(otherwise)));
    if (!Number.isInteger(value) || value < least) problems.push(`${name} must be a whole number, ${least} or more`);
    return value;
  };
  const configFolder = text('OPENCLAW_STATE_DIR', path.join(text('HOME', '.'), '.openclaw'));
  const claasUrl = text('CLAAS_URL', 'http://127.0.0.1:8080').replace(/\/+$/, '');
  if (!/^https?:\/\//.test(claasUrl)) problems.push('CLAAS_URL must be an http or https address');
  const allowedUsers = text('TELEGRAM_ALLOWED_USERS', '')
    .split(/[\s,]+/)
    .filter(Boolean);
  if (!allowedUsers.every((id) => /^\d+$/.test(id)))
    problems.push('TELEGRAM_ALLOWED_USERS must be numbers, with commas');
  const bind = text('OPENCLAW_BIND', 'loopback');
  if (bind !== 'loopback' && bind !== 'lan') problems.push('OPENCLAW_BIND must be loopback or lan');
  const training = readTraining(text('CLAAS_TRAINING', '{}'), problems);
  const settings: InitSettings = {
    configFolder,
    timeoutSeconds: number('INIT_TIMEOUT_S', 900, 1),
    gateway: {
      claasUrl,
      loraId: text('LORA_ID', 'openclaw/assistant'),
      pluginFolder: PLUGIN_FOLDER,
      workspace: path.join(configFolder, 'workspace'),
      gateway: { port: number('OPENCLAW_PORT', 18_789, 1), bind: bind === 'lan' ? 'lan' : 'loopback' },
      model: {
        contextWindow: number('MODEL_CONTEXT_WINDOW', 32_768, 4000),
        maxTokens: number('MODEL_MAX_TOKENS', 4096, 1),
        isSmall: text('MODEL_IS_SMALL', 'false') === 'true',
        systemPrompt: text('SYSTEM_PROMPT', '') || null,
      },
      telegram: { allowedUsers, apiRoot: text('TELEGRAM_API_ROOT', '') || null },
      training,
    },
  };
  if (problems.length > 0) throw new Error(problems.join('; '));
  return settings;
}

function readTraining(text: string, problems: string[]): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Named below, with every other text that is no object.
  }
  problems.push('CLAAS_TRAINING must be a JSON object such as {"learning_rate": 0.003}');
  return {};
}
