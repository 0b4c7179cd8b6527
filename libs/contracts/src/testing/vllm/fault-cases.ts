import type { VllmFault } from './fault-table.js';

/** Calls that change nothing, and calls that do. */
const LOOKS = ['metrics', 'is_sleeping', 'health', 'models', 'completions'] as const;
const ORDERS = ['sleep', 'wake_up', 'load', 'unload'] as const;
const KINDS: readonly VllmFault['kind'][] = ['fail', 'reset', 'hang', 'die'];

type SpoiledCall = (typeof LOOKS)[number] | (typeof ORDERS)[number] | 'reload_weights';

/** One thing that goes wrong while a step is published. */
export interface VllmFaultCase {
  readonly title: string;
  readonly call: SpoiledCall;
  readonly fault: VllmFault;
  readonly sleepLevel: 1 | 2;
}

function faultCase(call: SpoiledCall, fault: VllmFault, sleepLevel: 1 | 2 = 1): VllmFaultCase {
  const words = { fail: 'fails', reset: 'breaks its connection', hang: 'never answers', die: 'kills the server' };
  const when = fault.when === 'after' ? ', after it took effect' : '';
  const often = fault.times === undefined ? ', every time' : '';
  return { title: `${call} ${words[fault.kind]}${when}${often}`, call, fault, sleepLevel };
}

/** Every call goes wrong in every way, and orders also after they took effect or for ever. */
export const VLLM_FAULT_CASES: readonly VllmFaultCase[] = [
  ...[...LOOKS, ...ORDERS].flatMap((call) => KINDS.map((kind) => faultCase(call, { kind, times: 1 }))),
  ...ORDERS.map((call) => faultCase(call, { kind: 'die', when: 'after', times: 1 })),
  ...ORDERS.map((call) => faultCase(call, { kind: 'fail' })),
];

/** What is left of the table: variations of the ones above. */
export const MORE_VLLM_FAULT_CASES: readonly VllmFaultCase[] = [
  ...ORDERS.flatMap((call) =>
    KINDS.filter((kind) => kind !== 'die').map((kind) => faultCase(call, { kind, when: 'after', times: 1 })),
  ),
  ...LOOKS.map((call) => faultCase(call, { kind: 'fail' })),
  ...KINDS.map((kind) => faultCase('reload_weights', { kind, times: 1 }, 2)),
];

/** The time limits of a client that hold for each call. */
const LIMITS = {
  metrics: ['questionMs'],
  is_sleeping: ['questionMs'],
  health: ['questionMs'],
  models: ['questionMs'],
  completions: ['scoreMs', 'tokenMs'],
  load: ['adapterMs'],
  unload: ['adapterMs'],
  sleep: ['sleepMs'],
  wake_up: ['wakeMs'],
  reload_weights: ['wakeMs'],
} as const satisfies Record<SpoiledCall, readonly string[]>;

type Limit = (typeof LIMITS)[SpoiledCall][number];

/** Long enough for a busy machine; short for the call that is to hang, which is waited for. */
export function limitsFor(
  { call, fault }: VllmFaultCase,
  { longMs, shortMs }: { readonly longMs: number; readonly shortMs: number },
): Record<Limit, number> {
  const hanging: readonly Limit[] = fault.kind === 'hang' ? LIMITS[call] : [];
  const limits: readonly Limit[] = Object.values(LIMITS).flat();
  return Object.fromEntries(limits.map((limit) => [limit, hanging.includes(limit) ? shortMs : longMs])) as Record<
    Limit,
    number
  >;
}
