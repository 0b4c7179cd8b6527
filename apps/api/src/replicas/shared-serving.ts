import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { AdapterId, ServingControl } from '@claas/contracts';
import { SILENCE_MS } from '../database/connect-client.js';
import type { Database } from '../database/database.js';
import type { Lease } from './lease.js';
import { Mutex } from './mutex.js';
import type { ServingPower } from './serving-power.js';
import { SharedServingRecord, type ServingState } from './shared-serving-record.js';

/** Looks at the database though nothing was heard: a notice that got lost costs so long. */
const POLL_MS = 1_000;
const SEEN_POLL_MS = 50;

/**
 * What all processes on a database agree on: which version of each adapter answers, and whether requests are held back
 * because the server that they share sleeps. The truth is in the database; notices only make others look sooner.
 * Whoever changes it waits until every other living process has taken the change over.
 */
export class SharedServing {
  private readonly logger = new Logger(SharedServing.name);
  private readonly record: SharedServingRecord;
  private readonly versions = new Map<AdapterId, number>();
  /** Numbers of the last changes that were made here: they are no news. */
  private readonly announced = new Map<AdapterId, number>();
  private readonly turns = new Mutex();
  private readonly listeners = new Set<(loraId: AdapterId, version: number | null) => void>();
  private readonly cleanUps: (() => void)[] = [];
  private seen = -1;
  /** Under which this process has put the server to sleep itself. */
  private own: Lease | null = null;

  constructor(
    private readonly database: Database,
    private readonly serving: ServingControl,
    private readonly drainTimeoutMs: number,
  ) {
    this.record = new SharedServingRecord(database);
  }

  /** To be called once, before anything is published: requests are held back from the start if the server sleeps. */
  async start(): Promise<void> {
    const { bulletin } = this.database;
    await this.record.forgetDead();
    // From here on others wait for this process, so it looks at once.
    await bulletin.join();
    await this.look();
    this.cleanUps.push(
      bulletin.onNotice(({ topic }) => {
        if (topic === 'serving') void this.lookAgain();
      }),
      bulletin.onInterruption(() => {
        // Nobody waits for a process that can't hear: it must not send anything to a server that may sleep.
        if (!bulletin.isListening) this.holdBack();
        void this.lookAgain();
      }),
    );
    if (this.database.kind === 'embedded') return;
    const poll = setInterval(() => void this.lookAgain(), POLL_MS);
    poll.unref();
    this.cleanUps.push(() => {
      clearInterval(poll);
    });
  }

  stop(): void {
    for (const cleanUp of this.cleanUps.splice(0)) cleanUp();
  }

  /** The version that is to answer; null where nobody has said. */
  versionOf(loraId: AdapterId): number | null {
    return this.versions.get(loraId) ?? null;
  }

  /** Told when another process has changed what answers for an adapter; null: it was removed. */
  onChange(listener: (loraId: AdapterId, version: number | null) => void): void {
    this.listeners.add(listener);
  }

  /** What {@link versionOf} says is what all processes have agreed on, also when notices can't be heard. */
  async fresh(): Promise<void> {
    if (!this.database.bulletin.isListening) await this.look();
  }

  /**
   * To be called under the adapter's lock before anything is published: what others have announced until then is known,
   * and doesn't come in later as if it were news.
   */
  catchUp(): Promise<void> {
    return this.look();
  }

  /** Published here, and told to nobody else yet. */
  expect(loraId: AdapterId, version: number): void {
    this.versions.set(loraId, version);
  }

  /** Makes every process answer with this version (null: with none), or refuse to answer. */
  async announce(loraId: AdapterId, version: number | null, lease: Lease | null): Promise<void> {
    if (this.database.kind === 'embedded') {
      // There is no other process, and the next one to start reads the heads.
      this.remember(loraId, version);
      return;
    }
    const change = await this.record.setVersion(loraId, version, lease);
    this.announced.set(loraId, change);
    this.remember(loraId, version);
    await this.tellOthers(change, SILENCE_MS + POLL_MS);
  }

  state(): Promise<ServingState> {
    return this.record.state();
  }

  /** Every process holds its requests back and none of theirs runs any more. False when that took too long. */
  async holdRequests(lease: Lease, sleepLevel: 1 | 2, timeoutMs: number): Promise<boolean> {
    await this.takeOver(lease);
    return this.tellOthers(await this.record.setPower('step', sleepLevel, lease), timeoutMs);
  }

  /** From now on this process, and no other, decides whether its requests are held back. */
  async takeOver(lease: Lease): Promise<void> {
    this.own = lease;
    // What was begun for another process's sleep is over before anything is begun here.
    await this.turns.run(() => Promise.resolve());
  }

  /** The server answers again. */
  async resumeRequests(lease: Lease): Promise<void> {
    await this.setPower('awake', null, lease);
  }

  /** The server stays asleep, as a client wished. */
  async keepAsleep(sleepLevel: 1 | 2, lease: Lease): Promise<void> {
    await this.setPower('kept_asleep', sleepLevel, lease);
  }

  private async setPower(power: ServingPower, sleepLevel: 1 | 2 | null, lease: Lease): Promise<void> {
    await this.record.setPower(power, sleepLevel, lease);
    this.own = null;
    await this.database.bulletin.post({ topic: 'serving' });
  }

  private async tellOthers(change: number, timeoutMs: number): Promise<boolean> {
    const { bulletin } = this.database;
    await bulletin.post({ topic: 'serving' });
    const deadline = Date.now() + timeoutMs;
    let hear = (): void => undefined;
    const stopListening = bulletin.onNotice(({ topic }) => {
      if (topic === 'seen') hear();
    });
    try {
      for (;;) {
        const heard = new Promise<void>((resolve) => (hear = resolve));
        if (await this.record.isSeenBy(await bulletin.others(), change)) return true;
        if (Date.now() > deadline) {
          this.logger.warn(`Another process has not taken change ${change} of what is served over in ${timeoutMs} ms.`);
          return false;
        }
        await Promise.race([heard, delay(SEEN_POLL_MS)]);
      }
    } finally {
      stopListening();
    }
  }

  /** Never throws: what can't be read now is read at the next look. */
  private async lookAgain(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.logger.warn(`What is served can't be looked up now: ${String(error)}`);
    }
  }

  private look(): Promise<void> {
    return this.turns.run(async () => {
      const { power, change, adapters } = await this.record.since(this.seen);
      for (const { loraId, version, change: made } of adapters) {
        if (made <= (this.announced.get(loraId) ?? -1)) continue;
        this.remember(loraId, version);
        for (const tell of this.listeners) tell(loraId, version);
      }
      if (power === 'awake') this.resume();
      else if (change !== this.seen) await this.holdUntilIdle();
      if (change === this.seen) return;
      this.seen = change;
      await this.record.setSeen(this.database.bulletin.id, change);
      await this.database.bulletin.post({ topic: 'seen' });
    });
  }

  private get isMine(): boolean {
    return this.own?.lost.aborted === false;
  }

  private remember(loraId: AdapterId, version: number | null): void {
    if (version === null) this.versions.delete(loraId);
    else this.versions.set(loraId, version);
  }

  private holdBack(): void {
    if (!this.isMine) this.serving.hold();
  }

  /** Requests that run here are waited for; if they take too long, the others are not told that they ended. */
  private async holdUntilIdle(): Promise<void> {
    if (this.isMine || !this.serving.capabilities.releasesAccelerator) return;
    this.serving.hold();
    await this.serving.drain({ timeoutMs: this.drainTimeoutMs });
  }

  private resume(): void {
    if (!this.isMine && this.database.bulletin.isListening) this.serving.resume();
  }
}
