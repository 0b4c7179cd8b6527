/** A response without a single token that counts. */
export class EmptyResponseError extends Error {
  constructor(readonly sample: number) {
    super(
      `Sample ${sample} has no response token that counts: it is empty or fully masked. Leave it out of the batch.`,
    );
    this.name = 'EmptyResponseError';
  }
}

/** Lists that belong to the same positions differ in length; nothing is padded or cut to fit. */
export class LengthMismatchError extends Error {
  constructor(
    readonly list: string,
    readonly actual: number,
    readonly expected: number,
  ) {
    super(`${list} has ${actual} entries for ${expected} positions. Send exactly one for each response token.`);
    this.name = 'LengthMismatchError';
  }
}

/** A loss or gradient is NaN or infinite: no optimizer step may be taken with it. */
export class NonFiniteLossError extends Error {
  constructor(readonly quantity: string) {
    super(`${quantity} is not finite, so the step is refused and nothing changes. Check the logits that led to it.`);
    this.name = 'NonFiniteLossError';
  }
}
