import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClaasService } from '../testing/claas-service.js';
import { freePort } from '../testing/free-port.js';
import { RecordingProxy } from '../testing/recording-proxy.js';
import { RunningProgram } from '../testing/running-program.js';
import { TelegramDouble } from '../testing/telegram-double.js';
import { until } from '../testing/until.js';
import { writeConfig } from '../set-up/write-config.js';
import { startGateway } from './gateway.js';
import type { OpenClawInstallation } from './install-openclaw.js';

const INIT_MAIN = fileURLToPath(new URL('../init/main.js', import.meta.url));
export const LORA_ID = 'openclaw/assistant';
export const PEOPLE = [1001, 1002] as const;
/** Of the adapter's first weights, and of each answer. */
const SEED = 1;

/** Everything that a bot in Telegram needs, on this machine: API, gateway, and a double of Telegram. */
export class Stage {
  private gateway: RunningProgram | null = null;

  private constructor(
    private readonly openclaw: OpenClawInstallation,
    private readonly home: string,
    readonly service: ClaasService,
    readonly proxy: RecordingProxy,
    readonly telegram: TelegramDouble,
    private readonly init: Readonly<Record<string, string>>,
  ) {}

  static async build(openclaw: OpenClawInstallation): Promise<Stage> {
    const home = await mkdtemp(path.join(tmpdir(), 'claas-openclaw-'));
    await mkdir(path.join(home, 'api'));
    const service = await ClaasService.start(path.join(home, 'api'));
    const proxy = new RecordingProxy(service.url);
    const telegram = new TelegramDouble();
    const init = {
      PATH: process.env.PATH ?? '',
      HOME: home,
      CLAAS_URL: await proxy.start(),
      LORA_ID,
      OPENCLAW_PORT: String(await freePort()),
      MODEL_MAX_TOKENS: '128',
      TELEGRAM_API_ROOT: await telegram.start(),
      TELEGRAM_ALLOWED_USERS: PEOPLE.join(','),
      LORA_SEED: String(SEED),
    };
    return new Stage(openclaw, home, service, proxy, telegram, init);
  }

  /** The init step as a container runs it. @returns what it said */
  async runInit(): Promise<string> {
    const program = new RunningProgram(process.execPath, [INIT_MAIN], this.home, this.init);
    const code = await program.ended();
    if (code !== 0) throw new Error(`init ended with ${code}:\n${program.output}`);
    return program.output;
  }

  /** The same words in each run: what one answer teaches depends on the answer, which is sampled. */
  async fixAnswers(): Promise<void> {
    const params = { temperature: 1, extra_body: { seed: SEED } };
    await writeConfig(path.join(this.home, '.openclaw'), {
      agents: { defaults: { models: { [`claas/${LORA_ID}`]: { params } } } },
    });
  }

  async startGateway(): Promise<void> {
    const polls = this.telegram.polls;
    const gateway = startGateway(this.openclaw, this.home);
    this.gateway = gateway;
    await until('the gateway to ask Telegram for messages', 90, () => {
      if (!gateway.isRunning) throw new Error(`The gateway ended:\n${gateway.output}`);
      return this.telegram.polls > polls;
    });
  }

  async stopGateway(): Promise<void> {
    await this.gateway?.stop();
    this.gateway = null;
  }

  get gatewayOutput(): string {
    return this.gateway?.output ?? '';
  }

  async end(): Promise<void> {
    await this.stopGateway();
    await this.service.stop();
    await this.proxy.stop();
    await this.telegram.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** Writes to the bot. @returns the next message of the bot in that chat that `isWanted` */
  async ask(person: number, text: string, isWanted: (text: string) => boolean = () => true): Promise<string> {
    const before = new Set(this.telegram.saidTo(person).map(({ messageId }) => messageId));
    this.telegram.userSends(person, text);
    const message = await until(`an answer to "${text}"`, 120, () =>
      this.telegram.saidTo(person).find((said) => !before.has(said.messageId) && isWanted(said.text)),
    );
    return message.text;
  }
}
