import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import plugin from '../index.js';
import type {
  AgentContext,
  CommandContext,
  CommandDefinition,
  LlmOutput,
  OpenClawPluginApi,
  TextReplacement,
} from '../host/openclaw-api.js';
import { until } from './until.js';

/** OpenClaw as far as the plugin sees it: hands it events and commands, and keeps what it says later. */
export class OpenClawHost {
  /** What the plugin sent by itself, after its reply to a command. */
  readonly sent: {
    readonly channel: string;
    readonly to: string;
    readonly text: string;
    readonly threadId?: unknown;
  }[] = [];
  readonly errors: string[] = [];
  command: CommandDefinition | null = null;
  textTransforms: readonly TextReplacement[] = [];
  private readonly outputHandlers: ((event: LlmOutput, context: AgentContext) => unknown)[] = [];
  private readonly promptHandlers: (() => unknown)[] = [];

  /** @param stateFolder the one of an earlier host stands for the same gateway, restarted */
  constructor(
    private readonly pluginConfig: unknown,
    readonly stateFolder = mkdtempSync(path.join(tmpdir(), 'openclaw-state-')),
    private readonly canSend = true,
  ) {}

  loadPlugin(): this {
    plugin.register(this.api());
    return this;
  }

  async answered(output: LlmOutput, context: AgentContext): Promise<void> {
    for (const handler of this.outputHandlers) await handler(output, context);
  }

  /** What the prompt hooks of the plugin return. */
  promptChanges(): unknown[] {
    return this.promptHandlers.map((handler) => handler());
  }

  /** @returns the immediate reply */
  async run(context: Omit<CommandContext, 'config'>, words: string): Promise<string> {
    const { text } = await this.command!.handler({ ...context, args: words, config: {} });
    return text;
  }

  /** Runs the command and waits for what the plugin says in the end. */
  async outcomeOf(context: Omit<CommandContext, 'config'>, words: string): Promise<string> {
    const before = this.sent.length;
    await this.run(context, words);
    return (await until('the outcome of a feedback', 120, () => this.sent[before])).text;
  }

  private api(): OpenClawPluginApi {
    const log = (): void => undefined;
    return {
      pluginConfig: this.pluginConfig,
      logger: { info: log, warn: log, error: (message) => void this.errors.push(message) },
      runtime: {
        state: { resolveStateDir: () => this.stateFolder },
        channel: { outbound: { loadAdapter: (channel) => Promise.resolve(this.adapterOf(channel)) } },
      },
      on: (hook: string, handler: never) => {
        if (hook === 'llm_output') this.outputHandlers.push(handler);
        else this.promptHandlers.push(handler);
      },
      registerCommand: (command) => (this.command = command),
      registerTextTransforms: ({ input }) => (this.textTransforms = input),
    };
  }

  private adapterOf(
    channel: string,
  ): Awaited<ReturnType<OpenClawPluginApi['runtime']['channel']['outbound']['loadAdapter']>> {
    if (!this.canSend) return undefined;
    return {
      sendText: ({ to, text, threadId }) => {
        this.sent.push({ channel, to, text, ...(threadId === undefined ? {} : { threadId }) });
        return Promise.resolve();
      },
    };
  }
}
