/** A small vocabulary is computed in float64; 0 has it computed by tensors, as large ones are. */
export const ARITHMETICS = [{}, { largestFloat64Vocabulary: 0 }] as const;
