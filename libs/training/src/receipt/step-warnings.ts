/** A step that made it worse is still a valid version, but nobody should have to find out from two numbers. */
export function stepWarnings(gapBefore: number, gapAfter: number): string[] {
  if (gapAfter <= gapBefore) return [];
  return [
    'After the step the model is further from what the feedback asks for than before it (gap_after > gap_before). Try a smaller learning_rate, or roll back.',
  ];
}
