/** As it is chosen for vocabularies as small as those of tests, and as it is for larger ones. */
export const ARITHMETICS = [
  { arithmetic: 'in float64', largestFloat64Vocabulary: 8192 },
  { arithmetic: 'by tensors', largestFloat64Vocabulary: 0 },
] as const;
