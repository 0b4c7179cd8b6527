import type { AdapterSource } from '@claas/contracts';

/** One version under one name of the server. */
export class LoadedVersion {
  /** Requests that began with it and have not ended. */
  active = 0;
  /** Answers no new requests. */
  superseded = false;
  /** Kept although superseded: what answers instead is not verified yet. */
  kept = false;

  constructor(
    readonly source: AdapterSource,
    readonly name: string,
    /** The directory as the server sees it. */
    readonly path: string,
    readonly epoch: number,
  ) {}

  get isDispensable(): boolean {
    return this.superseded && !this.kept && this.active === 0;
  }
}
