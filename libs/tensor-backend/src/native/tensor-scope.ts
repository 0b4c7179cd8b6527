import type { TensorflowBinding } from './tensorflow-binding.js';

/** Deletes what operations leave behind: handles made while a scope runs go when it ends, but for its results. */
export class TensorScope {
  private open: number[][] = [];

  constructor(private readonly binding: TensorflowBinding) {}

  /** Puts a new handle under the innermost scope. */
  own(id: number): void {
    const innermost = this.open.at(-1);
    if (innermost === undefined) throw new Error('A tensor was made outside of any scope, so nobody would delete it.');
    innermost.push(id);
  }

  /** Runs `work`; `results` says which handles outlive it. They are nobody's then: the caller must see to them. */
  run<T>(work: () => T, results: (value: T) => readonly number[]): T {
    const ids: number[] = [];
    this.open.push(ids);
    let spared: readonly number[] = [];
    try {
      const value = work();
      spared = results(value);
      return value;
    } finally {
      this.open.pop();
      for (const id of ids) if (!spared.includes(id)) this.binding.deleteTensor(id);
    }
  }
}
