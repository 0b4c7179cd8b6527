import { setTimeout as delay } from 'node:timers/promises';
import type { ServicePlan } from '../plan/service-plan.js';
import type { End } from '../process/cause-of-end.js';
import type { ProcessIdentity } from '../process/process-identity.js';
import { RunningProcess } from '../process/running-process.js';
import { StackError } from '../settings/stack-error.js';
import { pauseAfter } from './back-off.js';
import { lookAtHealth, type Condition } from './look-at-health.js';
import type { ServiceLimits } from './service-limits.js';
import { Vigil } from './vigil.js';

export type ServiceState = 'stopped' | 'starting' | 'ready' | 'sleeping' | 'not_ready' | 'pausing' | 'failed';

export interface ServiceEvents {
  /** A line that its process has written. */
  readonly line: (text: string) => void;
  /** A word of the supervisor. */
  readonly say: (text: string) => void;
  readonly changed: () => void;
}

/** A server that goes to sleep or wakes is slow to answer. */
const LONGEST_LOOK_MS = 10_000;
/** Looks come faster until a service is up. */
const FAST_LOOK_MS = 250;

/** Keeps one process of the stack running, and knows how it is. */
export class Service {
  state: ServiceState = 'stopped';
  restarts = 0;
  private process: RunningProcess | null = null;
  private failures = 0;
  private readonly ended = new AbortController();

  constructor(
    readonly plan: ServicePlan,
    private readonly environment: Readonly<Record<string, string | undefined>>,
    private readonly limits: ServiceLimits,
    private readonly events: ServiceEvents,
  ) {}

  get identity(): ProcessIdentity | null {
    return this.process?.identity ?? null;
  }

  /**
   * Starts it and starts it again, until it is stopped. `onReady` is told the first time that it is up.
   *
   * @throws StackError when it makes no sense to go on
   */
  async run(onReady: () => void): Promise<void> {
    while (!this.isEnding()) {
      const end = await this.runOnce(onReady);
      if (this.isEnding()) return;
      this.failures += 1;
      this.explain(end);
      if (!end.mayRestart || this.failures >= this.limits.failures) throw this.giveUp(end);
      const pauseMs = pauseAfter(this.failures, this.limits);
      this.enter('pausing');
      this.events.say(`${this.plan.name} starts again in ${pauseMs / 1000} s`);
      await delay(pauseMs, undefined, { signal: this.ended.signal }).catch(() => undefined);
      this.restarts += 1;
    }
  }

  /** Ends its process with everything that it has started; `hurry` doesn't wait. */
  async stop(hurry: AbortSignal): Promise<void> {
    this.ended.abort();
    await this.process?.stop(this.limits.stopMs, hurry);
    this.process = null;
    this.enter('stopped');
  }

  kill(): void {
    this.ended.abort();
    this.process?.kill();
  }

  private isEnding(): boolean {
    return this.ended.signal.aborted;
  }

  private async runOnce(onReady: () => void): Promise<End> {
    this.enter('starting');
    const process = RunningProcess.start(this.plan, this.environment, this.events.line);
    this.process = process;
    this.events.changed();
    const over = new AbortController();
    const watching = this.watch(process, AbortSignal.any([over.signal, this.ended.signal]), onReady);
    const end = await process.end;
    over.abort();
    await watching;
    this.process = null;
    return end;
  }

  /** Looks at its health until it ends, and ends it when it doesn't come up or hangs. */
  private async watch(process: RunningProcess, signal: AbortSignal, onReady: () => void): Promise<void> {
    const startedAt = Date.now();
    const { stopMs, unresponsiveMs } = this.limits;
    const vigil = new Vigil(startedAt, { startMs: this.plan.startLimitMs, unresponsiveMs });
    const lookLimitMs = Math.min(LONGEST_LOOK_MS, unresponsiveMs);
    const hasEnded = (): boolean => signal.aborted;
    while (!hasEnded()) {
      const condition = await lookAtHealth(this.plan.health, lookLimitMs, signal);
      if (hasEnded()) return;
      const { wasUp } = vigil;
      const reason = vigil.note(condition, Date.now());
      if (vigil.wasUp && !wasUp) {
        this.events.say(`${this.plan.name} is up after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
        this.settle(signal);
        this.enter(condition === 'sleeping' ? 'sleeping' : 'ready');
        onReady();
      } else if (wasUp) this.enter(stateOf(condition, this.state));
      if (reason !== null) {
        this.events.say(`${this.plan.name} ${reason}: it is ended`);
        await process.stop(stopMs);
        return;
      }
      const pause = vigil.wasUp ? this.limits.lookEveryMs : Math.min(FAST_LOOK_MS, this.limits.lookEveryMs);
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** When it stays up for a while, failures are forgotten. */
  private settle(signal: AbortSignal): void {
    delay(this.limits.settledMs, undefined, { signal, ref: false }).then(
      () => (this.failures = 0),
      () => undefined,
    );
  }

  private enter(state: ServiceState): void {
    if (state === this.state) return;
    const wasAsleep = this.state === 'sleeping';
    this.state = state;
    if (state === 'sleeping') this.events.say(`${this.plan.name} sleeps while a step has the GPU`);
    if (state === 'ready' && wasAsleep) this.events.say(`${this.plan.name} is awake`);
    if (state === 'not_ready') this.events.say(`${this.plan.name} answers that it isn't ready`);
    this.events.changed();
  }

  private explain({ cause, remedy }: End): void {
    this.events.say(`${this.plan.name} ended: ${cause}${remedy === null ? '' : `. ${remedy}`}`);
  }

  private giveUp({ cause, remedy, lastLines, mayRestart }: End): StackError {
    this.enter('failed');
    const often = mayRestart ? ` ${this.failures} times in a row` : '';
    const said = lastLines.slice(-8).map((line) => `\n  ${line}`);
    const message = `${this.plan.name} ended${often}: ${cause}${said.length > 0 ? `. It said:${said.join('')}` : ''}`;
    return new StackError(message, remedy ?? '`claas-stack doctor` looks at everything that it needs.');
  }
}

/** A look without an answer changes nothing: one that sleeps, or works hard, is not a dead one. */
function stateOf(condition: Condition, before: ServiceState): ServiceState {
  if (condition === 'ready' || condition === 'sleeping') return condition;
  return condition === 'working' ? 'not_ready' : before;
}
