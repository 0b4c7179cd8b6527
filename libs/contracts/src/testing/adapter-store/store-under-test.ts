import { describe, it } from 'vitest';
import type { AdapterStore } from '../../adapter/adapter-store.js';

/** One fresh, opened, empty store. */
export interface StoreUnderTest {
  readonly store: AdapterStore;
  /** Another store on the same place, opened as after a restart. */
  readonly reopen: () => Promise<AdapterStore>;
  readonly cleanup: () => Promise<void>;
}

export type MakeStore = () => Promise<StoreUnderTest>;

/** Tests that an implementation can't pass, by their exact titles. */
export interface ContractSkip {
  readonly reason: string;
  readonly tests: readonly string[];
}

export type ContractTest = (title: string, body: (subject: StoreUnderTest) => Promise<void>) => void;

/** A part of the contract: calls `test` once for each behaviour. */
export type ContractPart = (test: ContractTest, makeStore: MakeStore) => void;

/** Runs the parts, each test on a store of its own; a skip that names no test is a failure. */
export function runContract(
  name: string,
  parts: Readonly<Record<string, ContractPart>>,
  makeStore: MakeStore,
  skips: readonly ContractSkip[],
): void {
  const titles = new Set<string>();
  describe(name, () => {
    for (const [partName, part] of Object.entries(parts)) {
      describe(partName, () => {
        part((title, body) => {
          titles.add(title);
          const skip = skips.find(({ tests }) => tests.includes(title));
          if (skip) it.skip(`${title} (skipped: ${skip.reason})`, () => undefined);
          else it(title, () => withStore(makeStore, body));
        }, makeStore);
      });
    }
    const unknown = skips.flatMap(({ tests }) => tests).filter((title) => !titles.has(title));
    if (unknown.length > 0) {
      it('skips only tests that exist', () => {
        throw new Error(`No such test: ${unknown.join(', ')}`);
      });
    }
  });
}

export async function withStore(makeStore: MakeStore, body: (subject: StoreUnderTest) => Promise<void>): Promise<void> {
  const subject = await makeStore();
  try {
    await body(subject);
  } finally {
    await subject.cleanup();
  }
}
