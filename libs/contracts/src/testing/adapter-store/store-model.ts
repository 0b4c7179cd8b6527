/** What a store must do, in its plainest form: maps in memory. A refusal is thrown as the error's code. */
export class StoreModel {
  readonly adapters = new Map<string, { versions: Map<number, number>; head: number; next: number }>();
  readonly aliases = new Map<string, string>();

  create(id: string, aliases: readonly string[], seed: number): void {
    if (this.adapters.has(id)) throw new Refusal('adapter_exists');
    if (this.aliases.has(id)) throw new Refusal('adapter_id_conflict');
    for (const alias of aliases) if (alias === id || this.adapters.has(alias)) throw new Refusal('adapter_id_conflict');
    const names = [...this.adapters.keys(), ...this.aliases.keys(), id, ...aliases];
    for (const name of [id, ...aliases]) refuseNested(name, names);
    this.adapters.set(id, { versions: new Map([[0, seed]]), head: 0, next: 1 });
    for (const alias of aliases) this.aliases.set(alias, id);
  }

  commit(id: string, parent: number, seed: number): number {
    const adapter = this.adapters.get(id);
    if (!adapter) throw new Refusal('adapter_not_found');
    if (adapter.head !== parent) throw new Refusal('stale_parent');
    adapter.versions.set(adapter.next, seed);
    adapter.head = adapter.next;
    adapter.next += 1;
    return adapter.head;
  }

  setAlias(alias: string, target: string): void {
    const id = this.resolve(target);
    if (this.adapters.has(alias)) throw new Refusal('adapter_id_conflict');
    refuseNested(alias, [...this.adapters.keys(), ...this.aliases.keys()]);
    this.aliases.set(alias, id);
  }

  rollback(name: string, version: number): void {
    const adapter = this.find(name);
    if (!adapter.versions.has(version)) throw new Refusal('adapter_version_not_found');
    adapter.head = version;
  }

  prune(name: string, keep: number, inUse: readonly number[]): number[] {
    const adapter = this.find(name);
    const newestFirst = [...adapter.versions.keys()].sort((a, b) => b - a);
    const gone = newestFirst.slice(keep).filter((version) => version !== adapter.head && !inUse.includes(version));
    for (const version of gone) adapter.versions.delete(version);
    return gone.reverse();
  }

  remove(name: string): boolean {
    if (!this.adapters.delete(name)) return this.aliases.delete(name);
    for (const [alias, target] of this.aliases) if (target === name) this.aliases.delete(alias);
    return true;
  }

  resolve(name: string): string {
    const id = this.adapters.has(name) ? name : this.aliases.get(name);
    if (id === undefined) throw new Refusal('adapter_not_found');
    return id;
  }

  private find(name: string): { versions: Map<number, number>; head: number; next: number } {
    const adapter = this.adapters.get(this.resolve(name));
    if (!adapter) throw new Refusal('adapter_not_found');
    return adapter;
  }
}

export class Refusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

function refuseNested(name: string, others: readonly string[]): void {
  if (others.some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`))) {
    throw new Refusal('adapter_id_conflict');
  }
}
