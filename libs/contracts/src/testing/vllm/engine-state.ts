import { VllmHttpError } from './http-error.js';
import type { VllmProfile } from './vllm-profile.js';

type Tag = 'weights' | 'kv_cache';

/** The engine's sleep: what is put away, what runs, and what queues until it wakes. */
export class EngineState {
  private asleep = new Set<Tag>();
  private paused = false;
  private readonly running = new Set<AbortController>();
  private queue: (() => void)[] = [];
  private ended: (() => void)[] = [];
  /** Level 2 threw the weights away, and nobody has read them again. */
  hasGarbage = false;
  isDead = false;
  sleepLevel = 0;

  constructor(private readonly profile: VllmProfile) {}

  get isSleeping(): boolean {
    return this.paused || this.asleep.size > 0;
  }

  get runningRequests(): number {
    return this.running.size;
  }

  get waitingRequests(): number {
    return this.queue.length;
  }

  assertAlive(): void {
    if (this.isDead)
      throw new VllmHttpError(
        500,
        'InternalServerError',
        'EngineCore encountered an issue. See stack trace (above) for the root cause.',
      );
  }

  /** Counts a request in; while the engine sleeps it queues, silently. */
  async begin(): Promise<AbortController> {
    this.assertAlive();
    if (this.isSleeping) {
      if (!this.profile.knowsSleepMode) this.die();
      this.assertAlive();
      await new Promise<void>((resolve) => this.queue.push(resolve));
      this.assertAlive();
    }
    const request = new AbortController();
    this.running.add(request);
    return request;
  }

  end(request: AbortController): void {
    this.running.delete(request);
    if (this.running.size > 0) return;
    for (const tell of this.ended.splice(0)) tell();
  }

  async sleep(level: number, mode: string): Promise<void> {
    this.assertAlive();
    if (!this.profile.knowsSleepMode && this.running.size > 0) this.die();
    this.assertAlive();
    this.paused = true;
    if (mode === 'wait' && this.running.size > 0) await new Promise<void>((resolve) => this.ended.push(resolve));
    if (mode === 'abort') for (const request of this.running) request.abort();
    this.sleepLevel = level;
    if (level >= 1) this.asleep = new Set(['weights', 'kv_cache']);
    if (level === 2) this.hasGarbage = true;
  }

  wake(tags: readonly string[] | null): void {
    this.assertAlive();
    for (const tag of tags ?? ['weights', 'kv_cache']) this.asleep.delete(tag as Tag);
    this.paused = this.asleep.size > 0;
    if (this.isSleeping) return;
    this.sleepLevel = 0;
    for (const enter of this.queue.splice(0)) enter();
  }

  assertWeightsAwake(): void {
    if (!this.asleep.has('weights')) return;
    this.die();
    this.assertAlive();
  }

  /** As a CUDA fault does: everything from then on fails. */
  die(): void {
    this.isDead = true;
    for (const request of this.running) request.abort();
    for (const enter of this.queue.splice(0)) enter();
    for (const tell of this.ended.splice(0)) tell();
  }
}
