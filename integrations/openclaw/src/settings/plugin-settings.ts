/** What the owner of the gateway may set, in `plugins.entries.claas-feedback.config`. */
export interface PluginSettings {
  /** Root of the CLaaS API, without a slash at the end. */
  readonly baseUrl: string;
  /** Sent as a bearer token, for a CLaaS behind a proxy that asks for one; null sends none. */
  readonly apiKey: string | null;
  /** The adapter that learns; null teaches the one that answered. */
  readonly loraId: string | null;
  /** The model provider in openclaw.json whose answers come from CLaaS. */
  readonly provider: string;
  /** `training` of every feedback, in the API's own words. */
  readonly training: Readonly<Record<string, unknown>>;
  /** How long the plugin follows a feedback before it says that it is still under way. */
  readonly timeoutSeconds: number;
  /** Leave out what OpenClaw adds to each message: small models answer it instead of the message. */
  readonly plainPrompts: boolean;
  /** Stands in the place of OpenClaw's system prompt; null keeps OpenClaw's. */
  readonly systemPrompt: string | null;
}

export const DEFAULT_SETTINGS: PluginSettings = {
  baseUrl: 'http://127.0.0.1:8080',
  apiKey: null,
  loraId: null,
  provider: 'claas',
  training: {},
  timeoutSeconds: 600,
  plainPrompts: false,
  systemPrompt: null,
};

/** Names every setting that can't be used, with what is expected. */
export class PluginSettingsError extends Error {
  constructor(problems: readonly string[]) {
    super(`plugins.entries.claas-feedback.config: ${problems.join('; ')}`);
    this.name = 'PluginSettingsError';
  }
}

/** @throws PluginSettingsError */
export function readPluginSettings(config: unknown): PluginSettings {
  const given = config ?? {};
  if (!isRecord(given)) throw new PluginSettingsError(['must be an object']);
  const problems = Object.entries(given).flatMap(([name, value]) => problemOf(name, value));
  if (problems.length > 0) throw new PluginSettingsError(problems);
  const settings = { ...DEFAULT_SETTINGS, ...given };
  return { ...settings, baseUrl: settings.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '') };
}

const text = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';

const CHECKS: Readonly<Record<keyof PluginSettings, readonly [(value: unknown) => boolean, string]>> = {
  baseUrl: [isHttpUrl, 'an http or https address such as http://127.0.0.1:8080'],
  apiKey: [text, 'a key, or nothing'],
  loraId: [text, 'the id of an adapter such as openclaw/assistant'],
  provider: [text, 'the name of a provider in models.providers'],
  training: [isRecord, 'an object such as {"learning_rate": 0.003}'],
  timeoutSeconds: [(value) => typeof value === 'number' && value >= 1 && value <= 86_400, 'seconds, 1 to 86400'],
  plainPrompts: [(value) => typeof value === 'boolean', 'true or false'],
  systemPrompt: [text, 'a text'],
};

function problemOf(name: string, value: unknown): readonly string[] {
  if (!Object.hasOwn(CHECKS, name)) {
    return [`"${name}" is not a setting (there are ${Object.keys(CHECKS).join(', ')})`];
  }
  const [accepts, expected] = CHECKS[name as keyof PluginSettings];
  return accepts(value) ? [] : [`"${name}" must be ${expected}`];
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
