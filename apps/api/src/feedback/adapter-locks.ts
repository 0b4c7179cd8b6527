import type { AdapterId } from '@claas/contracts';
import { KeyedMutex } from './keyed-mutex.js';

/**
 * One lock per adapter around everything that moves its head or what is served of it: a feedback's way from commit to
 * verification, a rollback by a client, a deletion. Without it, a rollback between commit and publication would end
 * with a server that answers with another version than the head.
 */
export class AdapterLocks extends KeyedMutex<AdapterId> {}
