import { add, reshape, slice, sum, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Sum of each row, in blocks of about √V — (N, V) → (N, 1).
 * The wasm backend adds one number after the other in float32, and over a whole vocabulary the rounding of that reaches 1e-5;
 * sums of blocks first keep it near 1e-7.
 */
export function rowSum(x: Tensor2D): Tensor2D {
  const [N, V] = x.shape;
  const block = blockSize(V);
  const rest = V % block;
  return tidy(() => {
    if (rest === 0) return sumOfBlocks(x, block);
    const whole = sumOfBlocks(slice(x, [0, 0], [N, V - rest]), block);
    return add<Tensor2D>(whole, sum<Tensor2D>(slice(x, [0, V - rest], [N, rest]), 1, true));
  });
}

function sumOfBlocks(x: Tensor2D, block: number): Tensor2D {
  const [N, V] = x.shape;
  const blocks = sum<Tensor2D>(reshape<Rank.R3>(x, [N, V / block, block]), 2);
  return sum<Tensor2D>(blocks, 1, true);
}

/** A divisor of V needs no copy for the rest, so one that is at all near √V is preferred. */
function blockSize(V: number): number {
  const root = Math.floor(Math.sqrt(V));
  for (let block = root; block > root / 8; block--) if (V % block === 0) return block;
  return root;
}
