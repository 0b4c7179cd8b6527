/** log Σ exp(logits) of each row — (R·V) → (R) */
export function rowNormalizers(logits: Float32Array, V: number): Float64Array {
  return Float64Array.from({ length: logits.length / V }, (_, row) => {
    let top = Number.NEGATIVE_INFINITY;
    for (let v = row * V; v < (row + 1) * V; v++) top = Math.max(top, logits[v]!);
    let sum = 0;
    for (let v = row * V; v < (row + 1) * V; v++) sum += Math.exp(logits[v]! - top);
    return top + Math.log(sum);
  });
}
