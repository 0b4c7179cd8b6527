import fc from 'fast-check';
import { expect } from 'vitest';
import type { AdapterStore } from '../../adapter/adapter-store.js';
import { StoreModel } from './store-model.js';
import { withStore } from './store-under-test.js';
import type { ContractTest, MakeStore } from './store-under-test.js';
import { commitVersion, createAdapter, idOf, seedOf } from './version-content.js';

const NAMES = ['u/a', 'u/b', 'u', 'u/a/x', 'v', 'v-latest'] as const;

const name = fc.constantFrom(...NAMES);
const version = fc.nat(5);
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      id: name,
      aliases: fc.uniqueArray(name, { maxLength: 2 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), id: name, isStale: fc.nat(4).map((n) => n === 0) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('setAlias' as const), alias: name, target: name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rollback' as const), id: name, version }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('prune' as const),
      id: name,
      keep: fc.nat(3),
      inUse: fc.array(version, { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

export function modelPart(test: ContractTest, makeStore: MakeStore): void {
  test('does what a model in memory does, whatever the order of operations', async () => {
    const sequences = fc.array(operation, { minLength: 5, maxLength: 25 });
    const property = fc.asyncProperty(sequences, (operations) =>
      withStore(makeStore, async (subject) => {
        const model = new StoreModel();
        let store = subject.store;
        for (const [seed, next] of operations.entries()) {
          if (next.kind === 'reopen') store = await subject.reopen();
          else
            expect(await outcomeOf(() => inStore(store, model, next, seed))).toEqual(
              await outcomeOf(() => inModel(model, next, seed)),
            );
          await expectSame(store, model);
        }
      }),
    );
    await fc.assert(property, { seed: 20_260_101, numRuns: 25 });
  });
}

type Change = Exclude<Operation, { kind: 'reopen' }>;

/** `model` is as it was before the operation: what the parent of a commit is told from. */
async function inStore(store: AdapterStore, model: StoreModel, change: Change, seed: number): Promise<unknown> {
  switch (change.kind) {
    case 'create':
      await createAdapter(store, change.id, { seed, aliases: change.aliases });
      return undefined;
    case 'commit':
      return (await commitVersion(store, change.id, parentOf(model, change), seed)).manifest.version;
    case 'setAlias':
      return store.setAlias(idOf(change.alias), idOf(change.target));
    case 'rollback':
      await store.rollback(change.id, change.version);
      return undefined;
    case 'prune':
      return store.prune(change.id, change);
    case 'remove':
      return store.remove(change.id);
  }
}

function inModel(model: StoreModel, change: Change, seed: number): unknown {
  switch (change.kind) {
    case 'create':
      model.create(change.id, change.aliases, seed);
      return undefined;
    case 'commit':
      return model.commit(change.id, parentOf(model, change), seed);
    case 'setAlias':
      model.setAlias(change.alias, change.target);
      return undefined;
    case 'rollback':
      model.rollback(change.id, change.version);
      return undefined;
    case 'prune':
      return model.prune(change.id, change.keep, change.inUse);
    case 'remove':
      return model.remove(change.id);
  }
}

function parentOf(model: StoreModel, { id, isStale }: { readonly id: string; readonly isStale: boolean }): number {
  const head = model.adapters.get(id)?.head ?? 0;
  return isStale ? head + 1 : head;
}

/** The result, or the code of what was thrown. */
async function outcomeOf(work: () => unknown): Promise<unknown> {
  try {
    return { result: await work() };
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code };
    throw error;
  }
}

async function expectSame(store: AdapterStore, model: StoreModel): Promise<void> {
  expect(new Map(await store.aliases())).toEqual(model.aliases);
  const listed = await store.list();
  expect(listed.map(({ loraId }) => loraId)).toEqual([...model.adapters.keys()].sort());
  for (const { loraId, head, aliases } of listed) {
    const expected = model.adapters.get(loraId);
    expect(head.version).toBe(expected?.head);
    expect(aliases).toEqual([...model.aliases].flatMap(([alias, target]) => (target === loraId ? [alias] : [])).sort());
    const numbers = (await store.versions(loraId)).map((manifest) => manifest.version);
    expect(numbers).toEqual([...(expected?.versions.keys() ?? [])].sort((a, b) => b - a));
    for (const number of numbers) {
      expect(await seedOf(await store.read(loraId, number))).toBe(expected?.versions.get(number));
    }
  }
}
