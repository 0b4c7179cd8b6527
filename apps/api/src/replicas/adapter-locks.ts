import type { AdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { KeyedMutex } from './keyed-mutex.js';

/**
 * One lock per adapter, among all processes, around everything that moves its head or what is served of it: a feedback's
 * way from commit to verification, a rollback by a client, a deletion. Without it, a rollback between commit and
 * publication would end with a server that answers with another version than the head.
 */
export class AdapterLocks {
  /** Works of this process share one connection for an adapter, one after the other. */
  private readonly here = new KeyedMutex<AdapterId>();

  constructor(private readonly database: Database) {}

  /** Runs `work` when no other work on this adapter runs anywhere, in order of asking. */
  async run<Result>(loraId: AdapterId, work: () => Promise<Result>): Promise<Result> {
    return this.here.run(loraId, async () => {
      const session = await this.database.openSession(`adapter ${loraId}`);
      try {
        await session.lock(`adapter ${loraId}`);
        return await work();
      } finally {
        await session.close();
      }
    });
  }
}
