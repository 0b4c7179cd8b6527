import { ClaasError } from '@claas/contracts';
import { TinkerClient } from './client/tinker-client.js';
import { jsonOf } from './client/tinker-http.js';
import { tinkerSettings } from './client/tinker-settings.js';
import type { TinkerOptions, TinkerSettings } from './client/tinker-settings.js';
import { BaseModelScorer } from './session/base-model-scorer.js';
import { SamplerPool } from './session/sampler-pool.js';
import { ServiceSession } from './session/service-session.js';
import type { TextModel } from './text/text-model.js';
import { understood } from './wire/understood.js';

interface Capabilities {
  readonly supported_models?: readonly OfferedModel[] | null;
}

interface OfferedModel {
  readonly model_name: string;
  readonly max_context_length?: number | null;
}

/** A Tinker service as one process uses it: engine and serving share its session. */
export class TinkerConnection {
  readonly settings: TinkerSettings;
  readonly client: TinkerClient;
  readonly session: ServiceSession;
  readonly samplers: SamplerPool;
  readonly baseModel: BaseModelScorer;
  private serviceContextLength = Number.MAX_SAFE_INTEGER;

  constructor(
    options: TinkerOptions,
    readonly text: TextModel,
  ) {
    this.settings = tinkerSettings(options);
    this.client = new TinkerClient(this.settings);
    this.session = new ServiceSession(this.client);
    this.samplers = new SamplerPool(this.client, this.session);
    this.baseModel = new BaseModelScorer(this.client, this.session);
  }

  /** Longest sequence that model and service allow, as far as the service has been asked. */
  get contextLength(): number {
    return Math.min(this.text.contextLength, this.serviceContextLength);
  }

  /**
   * Could a step run now? Costs nothing: the service is asked what it has.
   * @throws ClaasError `engine_unavailable`, `trainer_unresponsive`, `base_model_not_allowed`
   */
  async check(): Promise<void> {
    const name = 'get_server_capabilities';
    const timeoutMs = this.settings.timeouts.healthMs;
    const reply = await this.client.http.send({ name, method: 'GET', path: `/${name}`, timeoutMs });
    const offered = jsonOf<Capabilities>(name, reply).supported_models ?? [];
    const models = understood(name, () => offered.filter(({ model_name }) => typeof model_name === 'string'));
    const { baseModel, baseUrl } = this.settings;
    const model = models.find(({ model_name }) => model_name === baseModel);
    if (model === undefined) throw notOffered(baseModel, baseUrl, models);
    this.serviceContextLength = model.max_context_length ?? Number.MAX_SAFE_INTEGER;
  }

  /** Lets something end that nobody waits for; `settled` and `close` do. */
  later(work: Promise<unknown>): void {
    this.session.background.run(work);
  }

  settled(): Promise<void> {
    return this.session.background.settled();
  }

  async close(): Promise<void> {
    await this.settled();
    await this.baseModel.close();
    this.session.close();
    await this.client.close();
  }
}

function notOffered(baseModel: string, baseUrl: string, models: readonly OfferedModel[]): ClaasError {
  const offered = models.map(({ model_name }) => model_name);
  return new ClaasError(
    'base_model_not_allowed',
    `The Tinker service at ${baseUrl} doesn't offer ${baseModel}. Set CLAAS_TINKER_BASE_MODEL to one of its models: ${offered.join(', ') || 'it names none'}.`,
    { base_model: baseModel, offered },
  );
}
