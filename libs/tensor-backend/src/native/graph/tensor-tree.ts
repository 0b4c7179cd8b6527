import { Tensor } from '@tensorflow/tfjs-core';
import { NativeFrozenMatrix } from '../native-frozen-matrix.js';

/** A tensor, or a frozen matrix, somewhere in plain objects and arrays. */
export type TensorLeaf = Tensor | NativeFrozenMatrix;

/** Where a tensor was. */
class LeafPosition {
  constructor(readonly index: number) {}
}

/** What is left of plain objects and arrays when their tensors are taken out. */
export interface TensorTree {
  readonly leaves: readonly TensorLeaf[];
  /** The same objects with a LeafPosition for each leaf. */
  readonly form: unknown;
}

/** Takes the tensors out of plain objects and arrays, in the order in which they stand there. */
export function tensorTree(value: unknown): TensorTree {
  const leaves: TensorLeaf[] = [];
  const form = mapped(value, (part) => {
    if (!(part instanceof Tensor || part instanceof NativeFrozenMatrix)) return null;
    leaves.push(part);
    return new LeafPosition(leaves.length - 1);
  });
  return { leaves, form };
}

/**
 * The same tensors, and all that isn't a tensor as text: equal for trees that differ in their tensors alone. It is asked for at every call, so nothing
 * is copied.
 */
export function leavesAndText(value: unknown): { readonly leaves: readonly TensorLeaf[]; readonly text: string } {
  const leaves: TensorLeaf[] = [];
  return { text: described(value, leaves), leaves };
}

function described(value: unknown, leaves: TensorLeaf[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Tensor || value instanceof NativeFrozenMatrix) {
    leaves.push(value);
    return '#';
  }
  let text = Array.isArray(value) ? '[' : '{';
  for (const key in value) text += `${key}:${described(value[key as keyof typeof value], leaves)},`;
  return text;
}

/** Puts other tensors in the same places. */
export function withLeaves(form: unknown, leaves: readonly TensorLeaf[]): unknown {
  return mapped(form, (part) => (part instanceof LeafPosition ? leaves[part.index]! : null));
}

/** A copy in which everything that `replace` has something for is replaced. */
function mapped(value: unknown, replace: (part: object) => object | null): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const replaced = replace(value);
  if (replaced !== null) return replaced;
  if (Array.isArray(value)) return value.map((part) => mapped(part, replace));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapped(part, replace)]));
}
