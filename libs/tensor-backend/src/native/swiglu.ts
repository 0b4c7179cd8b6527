import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/** silu(gate) · up, computed in float32, in the operand's type — gateUp (N, 2·I) → (N, I) */
export function swiglu(operations: NativeOperations, gateUp: TensorHandle): TensorHandle {
  const [gate, up] = halves(operations, gateUp);
  const silu = operations.mul(gate, operations.unary('Sigmoid', gate));
  return operations.cast(operations.mul(silu, up), gateUp.dtype as ElementType);
}

/** With σ = σ(gate), s = gate · σ: dUp = dy · s; dGate = dy · up · (σ + s · (1 − σ)) — dy (N, I), gateUp (N, 2·I) → (N, 2·I) */
export function swigluBackward(operations: NativeOperations, dy: TensorHandle, gateUp: TensorHandle): TensorHandle {
  const [gate, up] = halves(operations, gateUp);
  const wideDy = operations.cast(dy, ElementType.float32);
  const sigma = operations.unary('Sigmoid', gate);
  const silu = operations.mul(gate, sigma);
  const slope = operations.add(sigma, operations.mul(silu, operations.scalarSub(1, sigma)));
  const type = gateUp.dtype as ElementType;
  const dGate = operations.cast(operations.mul(operations.mul(wideDy, up), slope), type);
  const dUp = operations.cast(operations.mul(wideDy, silu), type);
  return operations.concat([dGate, dUp], 1);
}

/** Gate and up in float32 — (N, I) each */
function halves(operations: NativeOperations, gateUp: TensorHandle): [gate: TensorHandle, up: TensorHandle] {
  const [gate, up] = operations.split(gateUp, 1, 2) as [TensorHandle, TensorHandle];
  return [operations.cast(gate, ElementType.float32), operations.cast(up, ElementType.float32)];
}
