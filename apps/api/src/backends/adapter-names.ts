import type { AdapterId, AdapterStore } from '@claas/contracts';

/** For so long another process's change of an alias may go unseen. */
const REMEMBERED_MS = 1_000;
const REMEMBERED_NAMES = 10_000;

/** Which adapter a name means, without a look at the store for each request. */
export class AdapterNames {
  private readonly known = new Map<string, { readonly loraId: AdapterId; readonly until: number }>();

  constructor(
    private readonly store: AdapterStore,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws AdapterNotFoundError, AdapterIdInvalidError */
  async resolve(name: string): Promise<AdapterId> {
    const known = this.known.get(name);
    if (known !== undefined && known.until > this.now()) return known.loraId;
    const loraId = await this.store.resolve(name);
    if (this.known.size >= REMEMBERED_NAMES) this.forget();
    this.known.set(name, { loraId, until: this.now() + REMEMBERED_MS });
    return loraId;
  }

  /** To be called after an alias was moved or a name removed here. */
  forget(): void {
    this.known.clear();
  }
}
