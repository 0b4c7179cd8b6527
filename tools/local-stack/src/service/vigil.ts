import type { Condition } from './look-at-health.js';

/** One look alone may be a slip. */
const BROKEN_LOOKS = 2;

export interface VigilLimits {
  /** From its start until it must be up. */
  readonly startMs: number;
  /** How long a server that was up may be silent before it counts as hung. */
  readonly unresponsiveMs: number;
}

/** What the looks at one process amount to. Times in ms since the epoch. */
export class Vigil {
  /** Has it ever been up? */
  wasUp = false;
  private lastSign: number;
  private brokenLooks = 0;

  constructor(
    private readonly startedAt: number,
    private readonly limits: VigilLimits,
  ) {
    this.lastSign = startedAt;
  }

  /** @returns why it must be ended; null when it may go on */
  note(condition: Condition, now: number): string | null {
    if (condition !== 'silent') this.lastSign = now;
    if (condition === 'ready' || condition === 'sleeping') this.wasUp = true;
    this.brokenLooks = condition === 'broken' ? this.brokenLooks + 1 : 0;
    if (this.brokenLooks >= BROKEN_LOOKS) return 'says that it can’t go on';
    const { startMs, unresponsiveMs } = this.limits;
    if (!this.wasUp) return now - this.startedAt > startMs ? `is not up within ${startMs / 1000} s` : null;
    return now - this.lastSign > unresponsiveMs ? `has not answered for ${unresponsiveMs / 1000} s` : null;
  }
}
