import { Mutex } from './mutex.js';

/** One {@link Mutex} for each key, kept only while it is used. */
export class KeyedMutex<Key> {
  private readonly mutexes = new Map<Key, Mutex>();

  /** Runs `work` when no other work under this key runs, in order of arrival. */
  async run<Result>(key: Key, work: () => Promise<Result>): Promise<Result> {
    const mutex = this.mutexes.get(key) ?? new Mutex();
    this.mutexes.set(key, mutex);
    try {
      return await mutex.run(work);
    } finally {
      if (mutex.isFree) this.mutexes.delete(key);
    }
  }
}
