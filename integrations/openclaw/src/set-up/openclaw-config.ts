import type { PluginSettings } from '../settings/plugin-settings.js';

/** What a gateway of ours needs to know. */
export interface GatewayOptions {
  /** Root of the CLaaS API as the gateway reaches it. */
  readonly claasUrl: string;
  /** The adapter that answers and learns. */
  readonly loraId: string;
  /** Absolute path of this plugin's folder. */
  readonly pluginFolder: string;
  readonly workspace: string;
  readonly gateway: { readonly port: number; readonly bind: 'loopback' | 'lan' };
  readonly model: {
    /** Tokens; OpenClaw refuses less than 4000. */
    readonly contextWindow: number;
    readonly maxTokens: number;
    /** A model that answers better without OpenClaw's own prompt and additions; without tools either. */
    readonly isSmall: boolean;
    readonly systemPrompt: string | null;
  };
  readonly telegram: {
    /** Numeric user ids that may talk to the bot; none lets a newcomer ask for a pairing code. */
    readonly allowedUsers: readonly string[];
    /** Another root of the Bot API than Telegram's own. */
    readonly apiRoot: string | null;
  };
  /** `training` of every feedback, in the API's words. */
  readonly training: PluginSettings['training'];
}

/**
 * openclaw.json for a gateway whose model is a CLaaS adapter. Secrets are named, not written: OpenClaw takes
 * OPENCLAW_GATEWAY_TOKEN and TELEGRAM_BOT_TOKEN from its environment.
 */
export function openclawConfig(options: GatewayOptions): Record<string, unknown> {
  const { claasUrl, gateway, loraId, model, pluginFolder, workspace } = options;
  return {
    gateway: {
      mode: 'local',
      port: gateway.port,
      bind: gateway.bind,
      auth: { mode: 'token', token: '${OPENCLAW_GATEWAY_TOKEN}' },
    },
    models: { mode: 'merge', providers: { claas: provider(claasUrl, loraId, model) } },
    agents: {
      defaults: {
        model: { primary: `claas/${loraId}` },
        workspace,
        ...(model.isSmall ? { skipBootstrap: true, contextInjection: 'never', skills: [] } : {}),
      },
    },
    // Each person has a conversation of their own, instead of one that all direct chats share.
    session: { dmScope: 'per-channel-peer' },
    channels: { telegram: telegram(options.telegram) },
    plugins: {
      load: { paths: [pluginFolder] },
      entries: {
        'claas-feedback': {
          enabled: true,
          hooks: { allowConversationAccess: true },
          config: pluginConfig(options),
        },
      },
    },
  };
}

function provider(claasUrl: string, loraId: string, model: GatewayOptions['model']): Record<string, unknown> {
  return {
    baseUrl: `${claasUrl}/v1`,
    // CLaaS asks for no key, OpenClaw for some word.
    apiKey: 'not-needed',
    api: 'openai-completions',
    models: [
      {
        id: loraId,
        name: `CLaaS ${loraId}`,
        reasoning: false,
        input: ['text'],
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
        contextWindow: model.contextWindow,
        maxTokens: model.maxTokens,
        compat: { supportsTools: false, requiresStringContent: true },
      },
    ],
  };
}

function telegram({ allowedUsers, apiRoot }: GatewayOptions['telegram']): Record<string, unknown> {
  return {
    enabled: true,
    botToken: '${TELEGRAM_BOT_TOKEN}',
    ...(allowedUsers.length === 0 ? { dmPolicy: 'pairing' } : { dmPolicy: 'allowlist', allowFrom: [...allowedUsers] }),
    groups: { '*': { requireMention: true } },
    ...(apiRoot === null ? {} : { apiRoot, network: { dangerouslyAllowPrivateNetwork: true } }),
  };
}

function pluginConfig({ claasUrl, loraId, model, training }: GatewayOptions): Partial<PluginSettings> {
  return {
    baseUrl: claasUrl,
    loraId,
    provider: 'claas',
    ...(model.isSmall ? { plainPrompts: true } : {}),
    ...(model.systemPrompt === null ? {} : { systemPrompt: model.systemPrompt }),
    ...(Object.keys(training).length === 0 ? {} : { training }),
  };
}
