/** A connection of its own. What it locks is free at once when it ends, however it ends. */
export abstract class DatabaseSession {
  /** Aborts when the connection is gone: its locks may be somebody else's from then on. */
  abstract readonly lost: AbortSignal;
  /** Waits until nobody else has the lock of this name, first come, first served. It is kept until the session ends. */
  abstract lock(name: string): Promise<void>;
  /** Asks the database, not memory. @throws SessionLostError */
  abstract assertAlive(): Promise<void>;
  /** Gives every lock up. */
  abstract close(): Promise<void>;
}
