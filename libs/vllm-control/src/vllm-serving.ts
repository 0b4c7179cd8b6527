import { ServingControl } from '@claas/contracts';
import type {
  AdapterId,
  AdapterSource,
  ExpectedLogprobs,
  GenerationOptions,
  GenerationRequest,
  GenerationSummary,
  Score,
  ScoreRequest,
  ServedModel,
  ServedVersion,
  ServingCapabilities,
  ServingHealth,
  Verification,
} from '@claas/contracts';
import { BaseModelName } from './base-model/base-model-name.js';
import { PublishedAdapters } from './adapters/published-adapters.js';
import { ServerAdapters } from './adapters/server-adapters.js';
import { AnswerGenerator } from './answering/answer-generator.js';
import { asContextTooLong, contextTooLong } from './answering/context-too-long.js';
import { isForgotten, retryUnanswered } from './answering/retry-unanswered.js';
import { RequestGate } from './gate/request-gate.js';
import { lookAtHealth } from './health/look-at-health.js';
import { anotherVersion, notIdle } from './serving-errors.js';
import { VllmHttp } from './http/vllm-http.js';
import { TokenScorer } from './scoring/token-scorer.js';
import type { ServedRequest } from './served-request.js';
import { vllmSettings } from './settings/vllm-settings.js';
import type { VllmOptions, VllmSettings } from './settings/vllm-settings.js';
import { whenMemoryIsFree } from './sleeping/free-memory.js';
import { SleepControl } from './sleeping/sleep-control.js';
import { WakeWatch } from './sleeping/wake-watch.js';
import { ServerTokenizer } from './tokens/server-tokenizer.js';
import { compareLogprobs } from './verification/compare-logprobs.js';

/**
 * Serving through a vLLM server (0.15 to 0.33), which needs VLLM_SERVER_DEV_MODE=1 and --enable-sleep-mode to sleep, and
 * --enable-lora with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1 for adapters. Which version answers is decided here: the server
 * knows each version by a name of its own, and requests are sent to the name of the version they began with.
 */
export class VllmServing extends ServingControl {
  override readonly capabilities: ServingCapabilities;
  /** The server's address, pool of connections and headers: for whoever passes requests on. */
  readonly http: VllmHttp;
  /** Held shut while the server sleeps. Where several processes share a server, each is told to close and open its own. */
  readonly gate: RequestGate;
  private readonly settings: VllmSettings;
  private readonly sleep: SleepControl;
  private readonly watch: WakeWatch;
  private readonly server: ServerAdapters;
  private readonly base: BaseModelName;
  private readonly adapters: PublishedAdapters;
  private readonly scorer: TokenScorer;
  private readonly tokenizer: ServerTokenizer;
  private readonly generator: AnswerGenerator;

  constructor(options: VllmOptions) {
    super();
    const settings = vllmSettings(options);
    const { baseUrl, apiKey, baseModelName, asksForBaseModelName, timeouts, releasesAccelerator } = settings;
    this.settings = settings;
    this.capabilities = { releasesAccelerator };
    this.http = new VllmHttp(baseUrl, apiKey);
    this.gate = new RequestGate(timeouts.asleepMs);
    this.sleep = new SleepControl(this.http, timeouts, settings.onWarning);
    this.server = new ServerAdapters(this.http, timeouts);
    this.base = new BaseModelName(this.server, baseModelName, asksForBaseModelName);
    this.adapters = new PublishedAdapters(this.server, settings);
    this.watch = new WakeWatch(() => this.wake());
    this.scorer = new TokenScorer(this.http, timeouts.scoreMs);
    this.tokenizer = new ServerTokenizer(this.http, () => this.base.find(), timeouts.questionMs);
    this.generator = new AnswerGenerator(this.http, this.tokenizer, settings);
  }

  /** Holds new requests back, and waits until the server is idle: for those that came through here, then for all others. */
  override async drain({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    this.watch.stop();
    this.gate.close();
    try {
      if (!(await this.gate.whenIdle(timeoutMs))) throw notIdle(this.gate.running, timeoutMs);
      await this.sleep.whenIdle(deadline);
    } catch (error) {
      this.gate.open();
      throw error;
    }
  }

  /** A failure leaves requests waiting until `restore`, since the server may be asleep. */
  override async release({ level }: { readonly level: 1 | 2 }): Promise<void> {
    this.watch.stop();
    this.gate.close();
    await this.sleep.sleep(level);
    const free = await whenMemoryIsFree(this.settings.freeMemory);
    if (free === null) return;
    const wished = this.settings.freeMemory.bytes;
    this.settings.onWarning('The accelerator has less free memory than wished for; the step may run out of it.', {
      free_bytes: free,
      wished_bytes: wished,
    });
  }

  override async restore(): Promise<void> {
    this.watch.stop();
    try {
      await this.wake();
    } catch (error) {
      // Whoever gives up here can't open the gate any more: it opens by itself once the server is back.
      this.watch.start();
      throw error;
    }
  }

  override hold(): void {
    this.watch.stop();
    this.gate.close();
  }

  override resume(): void {
    this.gate.open();
  }

  override async publish(version: AdapterSource): Promise<void> {
    // Loading writes to the accelerator's memory, which a sleeping server has not got.
    const leave = await this.gate.enter();
    try {
      await this.adapters.publish(version);
    } finally {
      leave();
    }
  }

  override retract(loraId: AdapterId): Promise<void> {
    return this.adapters.retract(loraId);
  }

  /** @throws ClaasError `verification_failed` when another version is published */
  override async verify(version: ServedVersion, expected: ExpectedLogprobs): Promise<Verification> {
    const { loraId } = version;
    const leave = await this.enter(undefined, this.settings.scoresAlone);
    try {
      const current = this.adapters.find(loraId);
      if (current.source.version !== version.version) throw anotherVersion(version, current.source.version);
      const { promptTokenIds, responseTokenIds } = expected;
      const score = (name: string): Promise<readonly number[]> =>
        this.scorer.score(name, promptTokenIds, responseTokenIds);
      const answered = await score(current.name);
      const previous = this.adapters.previous(loraId);
      const before = previous === null ? null : await score(previous.name).catch(() => null);
      const verification = compareLogprobs(answered, before, expected, this.settings.tolerance);
      if (verification.verified) this.adapters.confirm(loraId);
      return verification;
    } finally {
      leave();
    }
  }

  /** What the server calls the base model. @throws ClaasError `serving_failed` */
  baseModelName(): Promise<string> {
    return this.base.find();
  }

  override published(): readonly ServedVersion[] {
    return this.adapters.versions();
  }

  /**
   * Begins a request: waits while the server sleeps, and says which of its models answers.
   * @throws ClaasError `model_not_found`; `service_overloaded` with `retry_after_s` when the server sleeps too long; `cancelled`
   */
  begin(model: ServedModel, signal?: AbortSignal): Promise<ServedRequest> {
    return this.beginRequest(model, signal, false);
  }

  private async beginRequest(
    model: ServedModel,
    signal: AbortSignal | undefined,
    alone: boolean,
  ): Promise<ServedRequest> {
    if (model.kind === 'adapter') this.adapters.find(model.loraId);
    const leave = await this.enter(signal, alone);
    try {
      if (model.kind === 'base') {
        return { modelName: await this.base.find(), version: null, recover: () => Promise.resolve(), end: leave };
      }
      const loaded = await this.adapters.acquire(model.loraId);
      let hasEnded = false;
      const end = (): void => {
        if (hasEnded) return;
        hasEnded = true;
        this.adapters.release(loaded);
        leave();
      };
      const recover = (): Promise<void> => this.adapters.reload(loaded);
      return { modelName: loaded.name, version: loaded.source.version, recover, end };
    } catch (error) {
      leave();
      throw error;
    }
  }

  override generate(
    model: ServedModel,
    request: GenerationRequest,
    options: GenerationOptions = {},
  ): Promise<GenerationSummary> {
    let hasBegun = false;
    const onToken: NonNullable<GenerationOptions['onToken']> = (token) => {
      hasBegun = true;
      options.onToken?.(token);
    };
    return this.answer(
      model,
      options.signal,
      ({ modelName, version }) => this.generator.answer(modelName, version, request, { ...options, onToken }),
      { mayRetry: () => !hasBegun },
    );
  }

  override score(model: ServedModel, { prompt, completion }: ScoreRequest): Promise<Score> {
    const ask = async ({ modelName }: ServedRequest): Promise<Score> => {
      const { tokenIds: promptTokenIds, contextLength } = await this.tokenizer.prompt(prompt);
      const tokenIds =
        'tokenIds' in completion ? completion.tokenIds : await this.tokenizer.continuation(completion.text);
      const length = promptTokenIds.length + tokenIds.length;
      // The server samples one token beyond.
      if (length + 1 > contextLength) throw contextTooLong(length, contextLength);
      const logprobs = await this.scorer.score(modelName, promptTokenIds, tokenIds);
      return { promptTokenIds, tokenIds, tokens: await this.tokenizer.jointTexts(tokenIds), logprobs };
    };
    return this.answer(model, undefined, ask, { alone: this.settings.scoresAlone });
  }

  override health(): Promise<ServingHealth> {
    const { gate, settings } = this;
    return lookAtHealth(this.http, this.server, this.sleep, settings, {
      holds_requests: !gate.isOpen,
      running: gate.running,
      waiting: gate.waiting,
      published: this.published().length,
    });
  }

  /** Resolves when the server has forgotten what nobody needs any more. */
  settled(): Promise<void> {
    return this.adapters.settled();
  }

  async close(): Promise<void> {
    this.watch.stop();
    this.adapters.close();
    await this.http.close();
  }

  private async wake(): Promise<void> {
    if (await this.sleep.wake()) this.adapters.forgetLoads();
    this.gate.open();
  }

  private enter(signal: AbortSignal | undefined, alone: boolean): Promise<() => void> {
    return alone ? this.gate.enterAlone(signal) : this.gate.enter(signal);
  }

  private answer<T>(
    model: ServedModel,
    signal: AbortSignal | undefined,
    ask: (served: ServedRequest) => Promise<T>,
    { mayRetry = () => true, alone = false }: { readonly mayRetry?: () => boolean; readonly alone?: boolean },
  ): Promise<T> {
    const once = async (): Promise<T> => {
      const served = await this.beginRequest(model, signal, alone);
      try {
        return await ask(served);
      } catch (error) {
        if (isForgotten(error, served.modelName) && mayRetry()) await served.recover();
        throw asContextTooLong(error) ?? error;
      } finally {
        served.end();
      }
    };
    return retryUnanswered(once, mayRetry, this.settings.timeouts.unreachableMs, signal);
  }
}
