import { archivesPart } from './adapter-store/archives-part.js';
import { concurrencyPart } from './adapter-store/concurrency-part.js';
import { modelPart } from './adapter-store/model-part.js';
import { namesPart } from './adapter-store/names-part.js';
import { runContract } from './adapter-store/store-under-test.js';
import type { ContractSkip, MakeStore } from './adapter-store/store-under-test.js';
import { versionsPart } from './adapter-store/versions-part.js';

export type { StoreUnderTest } from './adapter-store/store-under-test.js';

/**
 * The guarantees of AdapterStore as tests; to be called in a spec of each implementation.
 * `makeStore` gives a fresh, opened, empty store. What can't be passed is skipped by title, with the reason.
 */
export function adapterStoreContract(
  name: string,
  makeStore: MakeStore,
  options: { readonly skip: readonly ContractSkip[] } = { skip: [] },
): void {
  const parts = {
    versions: versionsPart,
    names: namesPart,
    concurrency: concurrencyPart,
    archives: archivesPart,
    'any order of operations': modelPart,
  };
  runContract(`AdapterStore contract: ${name}`, parts, makeStore, options.skip);
}
