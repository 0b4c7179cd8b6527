/** What goes wrong with one call. A call that hangs never returns unless it is released: to its caller, the process died there. */
export type Fault = 'fails before' | 'fails after' | 'hangs before' | 'hangs after';

export class InjectedFault extends Error {
  constructor(call: string) {
    super(`Injected fault in ${call}`);
    this.name = 'InjectedFault';
  }
}

/** Counts the calls at the border of the transaction, and lets chosen ones go wrong. */
export class Faults {
  /** Names of all calls so far. */
  readonly calls: string[] = [];
  private readonly planned: { readonly matches: (call: string, index: number) => boolean; readonly fault: Fault }[] =
    [];
  private readonly releases: (() => void)[] = [];

  /** The call with this index in {@link calls}. */
  planAt(index: number, fault: Fault): void {
    this.planned.push({ matches: (_call, at) => at === index, fault });
  }

  /** The next `times` calls of this name. */
  plan(name: string, fault: Fault, times = 1): void {
    let left = times;
    this.planned.push({
      matches: (call) => {
        if (call !== name || left === 0) return false;
        left -= 1;
        return true;
      },
      fault,
    });
  }

  /** Does a call hang now, having done what it does before it hangs? */
  get isHanging(): boolean {
    return this.releases.length > 0;
  }

  /** Lets calls that hang go on. */
  release(): void {
    for (const release of this.releases.splice(0)) release();
  }

  async around<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    const index = this.calls.push(call) - 1;
    const fault = this.planned.find(({ matches }) => matches(call, index))?.fault;
    if (fault === 'fails before') throw new InjectedFault(call);
    if (fault === 'hangs before') await this.hang();
    const result = await work();
    if (fault === 'fails after') throw new InjectedFault(call);
    if (fault === 'hangs after') await this.hang();
    return result;
  }

  /** `target` whose methods go through {@link around} as `name.method`. */
  wrap<Target extends object>(name: string, target: Target): Target {
    return new Proxy(target, {
      get: (object, property) => {
        const value: unknown = Reflect.get(object, property, object);
        if (typeof value !== 'function' || typeof property !== 'string') return value;
        const method = value as (...values: unknown[]) => unknown;
        return (...values: unknown[]) => this.around(`${name}.${property}`, async () => method.apply(object, values));
      },
    });
  }

  private hang(): Promise<void> {
    return new Promise((resolve) => this.releases.push(resolve));
  }
}
