import * as fc from 'fast-check';
import type { PlainRow } from '../../oracle/plain-sdpo.js';
import type { SdpoSettings } from '../sdpo-settings.js';

/** Logits all different, so that which tokens are the likeliest never hangs on rounding. */
function logitsOf(V: number): fc.Arbitrary<number[]> {
  return fc
    .uniqueArray(fc.integer({ min: -192, max: 192 }), { minLength: V, maxLength: V })
    .map((values) => values.map((value) => value / 32));
}

export function rowOf(V: number): fc.Arbitrary<PlainRow> {
  return fc.record({
    student: logitsOf(V),
    teacher: logitsOf(V),
    base: logitsOf(V),
    tokenId: fc.nat(V - 1),
    old: fc.double({ min: -12, max: -0.01, noNaN: true }),
  });
}

export const rows = fc.integer({ min: 2, max: 11 }).chain((V) => fc.array(rowOf(V), { minLength: 1, maxLength: 4 }));

export const alphas = fc.oneof(fc.constantFrom(0, 0.1, 0.5, 0.9, 1), fc.double({ min: 0.01, max: 0.99, noNaN: true }));

const supports = fc.oneof(
  fc.constant({ kind: 'full' as const }),
  fc.record({
    kind: fc.constantFrom('student_topk' as const, 'teacher_topk' as const),
    k: fc.integer({ min: 1, max: 12 }),
  }),
);

export const anySettings: fc.Arbitrary<SdpoSettings> = fc.record({
  alpha: alphas,
  temperature: fc.constantFrom(0.7, 1, 1.5),
  isClip: fc.constant(5),
  klRegWeight: fc.constantFrom(0, 0.05),
  support: supports,
});
