import { setTimeout as delay } from 'node:timers/promises';
import type { StackLog } from '../log/stack-log.js';
import type { StackPlan } from '../plan/service-plan.js';
import { serviceLimits } from '../service/service-limits.js';
import { Service } from '../service/service.js';
import type { StackSettings } from '../settings/read-settings.js';
import { StackError } from '../settings/stack-error.js';
import type { StackState } from '../state/stack-state.js';
import { makeAdapters } from './make-adapters.js';

const ADAPTER_ATTEMPTS = 5;
const ADAPTER_PAUSE_MS = 1_000;

/** The services of a plan: started in order, kept running, and ended in the opposite order. */
export class Stack {
  private readonly services: readonly Service[];
  private readonly runs: Promise<void>[] = [];
  private readonly startedAt = new Date().toISOString();
  private readonly ending = new AbortController();
  private readonly hurry = new AbortController();

  constructor(
    private readonly plan: StackPlan,
    settings: StackSettings,
    private readonly log: StackLog,
    private readonly state: StackState,
  ) {
    const limits = serviceLimits(settings.file.limits);
    this.services = plan.services.map(
      (servicePlan) =>
        new Service(servicePlan, inherited(settings.env, settings.dotEnv), limits, {
          line: (text) => {
            log.line(servicePlan.name, text);
          },
          say: (text) => {
            log.line('stack', text);
          },
          changed: () => {
            this.record();
          },
        }),
    );
  }

  /**
   * Runs until it is told to end.
   *
   * @throws StackError when a service can't be kept running; everything is ended then too
   */
  async run(): Promise<void> {
    const failure = await this.serve().then(
      () => null,
      (error: unknown) => error,
    );
    await this.stop();
    // What aborting has caused is not a failure.
    if (failure instanceof Error && (failure instanceof StackError || !this.ending.signal.aborted)) throw failure;
  }

  /** Ends it in order; a second time at once. */
  end(): void {
    if (this.ending.signal.aborted) {
      this.say('at once');
      this.hurry.abort();
      return;
    }
    this.say('ending; once more ends at once');
    this.ending.abort();
  }

  private async serve(): Promise<void> {
    for (const service of this.services) {
      await this.startOne(service);
      if (this.ending.signal.aborted) return;
      if (service.plan.name === 'api') await this.adapters();
    }
    this.say(`everything is up: ${this.plan.apiUrl}, its explorer at ${this.plan.apiUrl}/docs. Ctrl-C ends it.`);
    await Promise.race([...this.runs, this.whenEnding()]);
  }

  /** Comes back when it is up. @throws when one of those that run can't be kept running */
  private async startOne(service: Service): Promise<void> {
    let isUp = (): void => undefined;
    const ready = new Promise<void>((resolve) => (isUp = resolve));
    this.say(`starting ${service.plan.name}`);
    this.runs.push(service.run(isUp));
    await Promise.race([ready, ...this.runs, this.whenEnding()]);
  }

  /** The API may be restarted in between. */
  private async adapters(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await makeAdapters(
          this.plan.apiUrl,
          this.plan.adapters,
          (text) => {
            this.say(text);
          },
          this.ending.signal,
        );
        return;
      } catch (error) {
        if (error instanceof StackError || this.ending.signal.aborted || attempt === ADAPTER_ATTEMPTS) throw error;
        await delay(ADAPTER_PAUSE_MS, undefined, { signal: this.ending.signal });
      }
    }
  }

  private async stop(): Promise<void> {
    for (const service of this.services.toReversed()) {
      if (service.state === 'stopped') continue;
      this.say(`ending ${service.plan.name}`);
      await service.stop(this.hurry.signal);
    }
    await Promise.allSettled(this.runs);
    this.state.release();
    this.say('everything has ended');
  }

  private record(): void {
    this.state.write({
      supervisor: this.state.supervisor,
      apiUrl: this.plan.apiUrl,
      logFile: this.plan.logFile,
      startedAt: this.startedAt,
      services: this.services.map(({ plan, state, restarts, identity }) => ({
        name: plan.name,
        state,
        restarts,
        process: identity,
        url: plan.health.url,
      })),
    });
  }

  private whenEnding(): Promise<void> {
    const { signal } = this.ending;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
    });
  }

  private say(text: string): void {
    this.log.line('stack', text);
  }
}

/** A service gets the environment of the stack; what .env adds goes only to those whose plan says so. */
function inherited(env: StackSettings['env'], dotEnv: StackSettings['dotEnv']): StackSettings['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !(name in dotEnv)));
}
