import { setTimeout as delay } from 'node:timers/promises';
import { ClaasError } from '@claas/contracts';
import { VllmRefusalError } from '../http/vllm-errors.js';
import type { VllmHttp } from '../http/vllm-http.js';
import type { VllmSettings, VllmTimeouts } from '../settings/vllm-settings.js';
import { canReloadWeights, serverRelease } from './server-release.js';
import { parseRunningRequests } from './parse-running-requests.js';

const POLL_MS = 50;
const MAX_POLL_MS = 500;
/** Orders to sleep or wake are given this often, each time after a look at what the last one did. */
const ORDERS = 3;

/** The server's sleep: every order is followed by looking whether it came true, since a success has been seen from a dying engine. */
export class SleepControl {
  /** Weights that `restore` has to read from the disk again. */
  private discarded = false;

  constructor(
    private readonly http: VllmHttp,
    private readonly timeouts: VllmTimeouts,
    private readonly onWarning: VllmSettings['onWarning'],
  ) {}

  /** Null when the server doesn't say: it runs without VLLM_SERVER_DEV_MODE. */
  async isSleeping(): Promise<boolean | null> {
    try {
      const call = { method: 'GET', path: '/is_sleeping', timeoutMs: this.timeouts.questionMs } as const;
      const { is_sleeping } = (await this.http.askJson(call)) as { is_sleeping: boolean };
      return is_sleeping;
    } catch (error) {
      if (error instanceof VllmRefusalError && error.status === 404) return null;
      throw error;
    }
  }

  /** Waits until the server runs and queues no request, whoever sent it. @throws ClaasError `serving_not_idle` */
  async whenIdle(deadline: number): Promise<void> {
    const call = { method: 'GET', path: '/metrics', timeoutMs: this.timeouts.questionMs } as const;
    await this.poll(
      deadline,
      async () => parseRunningRequests((await this.http.ask(call)).text) === 0 || null,
      () =>
        new ClaasError(
          'serving_not_idle',
          'The vLLM server still answers requests. Send the feedback again when it is idle.',
        ),
    );
  }

  /**
   * `mode=wait` lets what still runs end; releases before 0.17 don't know it, for which `whenIdle` has been asked.
   * Of a server that sleeps already, it is remembered that its weights were discarded: another process may have done that.
   */
  async sleep(wanted: 1 | 2): Promise<void> {
    const level = wanted === 2 && (await this.readsWeightsAgain()) ? 2 : 1;
    if (level === 2) this.discarded = true;
    if ((await this.isSleeping()) === true) return;
    await this.order(`/sleep?level=${level}&mode=wait`, true, this.timeouts.sleepMs);
    await this.http.ask({ method: 'GET', path: '/health', timeoutMs: this.timeouts.questionMs });
  }

  /**
   * Wakes the server, in steps after level 2: memory for the weights, the weights, the rest.
   * Returns whether adapters have to be loaded again.
   */
  async wake(): Promise<boolean> {
    const hadDiscarded = this.discarded;
    if ((await this.isSleeping()) === true) {
      if (hadDiscarded) await this.reloadWeights();
      await this.order('/wake_up', false, this.timeouts.wakeMs);
    }
    await this.http.ask({ method: 'GET', path: '/health', timeoutMs: this.timeouts.questionMs });
    this.discarded = false;
    return hadDiscarded;
  }

  /** Level 2 throws the weights away. A server that doesn't tell its release is not trusted to read them again. */
  private async readsWeightsAgain(): Promise<boolean> {
    const release = await serverRelease(this.http, this.timeouts.questionMs);
    if (release !== null && canReloadWeights(release)) return true;
    this.onWarning(
      'The vLLM server is put to sleep at level 1 instead of 2: with LoRA, releases before 0.28 can’t read their weights again.',
      { release },
    );
    return false;
  }

  private async reloadWeights(): Promise<void> {
    const timeoutMs = this.timeouts.wakeMs;
    await this.http.send({ method: 'POST', path: '/wake_up?tags=weights', timeoutMs });
    try {
      await this.http.send({ method: 'POST', path: '/collective_rpc', body: { method: 'reload_weights' }, timeoutMs });
    } catch (error) {
      throw new ClaasError(
        'serving_failed',
        'The vLLM server slept at level 2 and can’t read its weights again: look at its log, restart it, and use sleep level 1.',
        {},
        { cause: error },
      );
    }
  }

  /** Gives an order until it has come true. A refusal is final; a broken connection or a time-out may have been heard. */
  private async order(path: string, sleeping: boolean, limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.http.send({ method: 'POST', path, timeoutMs: Math.max(1, deadline - Date.now()) });
        break;
      } catch (error) {
        const isFinal = error instanceof VllmRefusalError && error.status < 500;
        if (isFinal || attempt === ORDERS || Date.now() >= deadline) throw error;
        await delay(POLL_MS * 2 ** attempt * (0.5 + Math.random() / 2));
        if ((await this.isSleeping()) === sleeping) return;
      }
    }
    const word = sleeping ? 'sleeps' : 'is awake';
    await this.poll(
      deadline,
      async () => ((await this.isSleeping()) === sleeping ? true : null),
      () =>
        new ClaasError(
          'serving_failed',
          `The vLLM server accepted ${path}, but doesn’t say that it ${word}. Look at its log.`,
        ),
    );
  }

  private async poll(deadline: number, look: () => Promise<true | null>, tooLate: () => ClaasError): Promise<void> {
    for (let pause = POLL_MS; ; pause = Math.min(pause * 1.5, MAX_POLL_MS)) {
      if ((await look()) !== null) return;
      if (Date.now() + pause >= deadline) throw tooLate();
      await delay(pause);
    }
  }
}
