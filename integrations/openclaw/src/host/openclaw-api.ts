/**
 * What this plugin uses of OpenClaw's plugin API (2026.9.6), written down here so that neither building nor testing the
 * plugin needs OpenClaw's 650 MB. `npm run test:openclaw` checks it against the real one.
 */
export interface OpenClawPluginApi {
  /** `plugins.entries.claas-feedback.config` of openclaw.json. */
  readonly pluginConfig?: unknown;
  readonly logger: PluginLogger;
  readonly runtime: {
    /** The folder that the gateway keeps its state in. */
    readonly state: { resolveStateDir(): string };
    readonly channel: { readonly outbound: { loadAdapter(channel: string): Promise<OutboundAdapter | undefined> } };
  };
  on(hook: 'llm_output', handler: (event: LlmOutput, context: AgentContext) => void | Promise<void>): void;
  on(hook: 'before_prompt_build', handler: () => { readonly systemPrompt: string }): void;
  registerCommand(command: CommandDefinition): void;
  registerTextTransforms(transforms: { readonly input: readonly TextReplacement[] }): void;
}

export interface PluginLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface OutboundAdapter {
  sendText?(message: {
    readonly cfg: unknown;
    readonly to: string;
    readonly text: string;
    readonly accountId?: string;
    readonly threadId?: string | number;
  }): Promise<unknown>;
}

/** One answer of a model, after it is complete. */
export interface LlmOutput {
  readonly provider: string;
  /** As the provider knows it, without the provider's prefix. */
  readonly model: string;
  readonly lastAssistant?: unknown;
}

/** The conversation that an answer belongs to. */
export interface AgentContext {
  readonly sessionKey?: string;
  /** `user` for an answer to somebody's message; heartbeats and schedules have other names. */
  readonly trigger?: string;
  readonly channel?: string;
  readonly accountId?: string;
  readonly chatId?: string;
}

export interface CommandDefinition {
  readonly name: string;
  readonly description: string;
  readonly acceptsArgs: boolean;
  readonly handler: (context: CommandContext) => Promise<{ readonly text: string }>;
}

export interface CommandContext {
  readonly sessionKey?: string;
  readonly channel: string;
  readonly accountId?: string;
  /** Address of the chat, such as `telegram:1001`. */
  readonly to?: string;
  readonly messageThreadId?: string | number;
  /** What follows the command's name. */
  readonly args?: string;
  /** OpenClaw's configuration; only handed on to {@link OutboundAdapter}. */
  readonly config: unknown;
}

export interface TextReplacement {
  readonly from: RegExp;
  readonly to: string;
}
