/** Locks among the sessions of one process, as a PostgreSQL server keeps them among connections. */
export class LockTable {
  private readonly holders = new Map<string, object>();
  private readonly queues = new Map<string, { readonly session: object; readonly grant: () => void }[]>();

  /** Resolves when `session` has the lock; never, when the session ends before that. */
  async acquire(name: string, session: object): Promise<void> {
    if (!this.holders.has(name)) {
      this.holders.set(name, session);
      return;
    }
    await new Promise<void>((grant) => {
      const queue = this.queues.get(name) ?? [];
      this.queues.set(name, queue);
      queue.push({ session, grant });
    });
  }

  /** Whatever `session` holds goes to who waits longest; what it waits for is forgotten. */
  releaseAll(session: object): void {
    for (const [name, queue] of this.queues) {
      this.queues.set(
        name,
        queue.filter((waiting) => waiting.session !== session),
      );
    }
    for (const [name, holder] of this.holders) if (holder === session) this.pass(name);
  }

  private pass(name: string): void {
    const next = this.queues.get(name)?.shift();
    if (this.queues.get(name)?.length === 0) this.queues.delete(name);
    if (next === undefined) {
      this.holders.delete(name);
      return;
    }
    this.holders.set(name, next.session);
    next.grant();
  }
}
