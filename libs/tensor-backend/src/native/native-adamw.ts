import { dispose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { AdamWCoefficients, AdamWKernel, AdamWTensors } from '../tensor-backend.js';
import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

/**
 * AdamW by TensorFlow's fused Adam, which works on variables: three of them take each tensor's values in turn. Values that somebody else still holds
 * are copied by TensorFlow before they are changed, so the arguments stay as they are; what nobody holds is changed in place.
 */
export class NativeAdamW implements AdamWKernel {
  private variables: readonly [parameter: TensorHandle, expAvg: TensorHandle, expAvgSq: TensorHandle] | null = null;

  constructor(private readonly operations: NativeOperations) {}

  squaredNorm(x: Tensor): number {
    const { operations } = this;
    return operations.discard(() => 2 * operations.read(operations.halfSquaredNorm(operations.of(x)))[0]!);
  }

  /**
   * TensorFlow computes p − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε′); with ε′ = ε·√(1 − β₂ᵗ) that is torch's p − lr·m̂ / (√v̂ + ε).
   * The weight decays before.
   */
  update<T extends Tensor>(
    tensors: AdamWTensors<T>,
    gradient: T,
    coefficients: AdamWCoefficients,
    takesMoments: boolean,
  ): AdamWTensors<T> {
    const { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale } = coefficients;
    const { operations } = this;
    this.variables ??= [createVariable(operations, 0), createVariable(operations, 1), createVariable(operations, 2)];
    const [parameter, expAvg, expAvgSq] = this.variables;
    const beta2Power = beta2 ** step;
    const scalars = [beta1 ** step, beta2Power, learningRate, beta1, beta2, epsilon * Math.sqrt(1 - beta2Power)];
    const results = operations.tensors(() => {
      operations.discard(() => {
        const decayed = operations.scale(operations.of(tensors.parameter), 1 - learningRate * weightDecay);
        assign(operations, parameter, decayed);
      });
      assign(operations, expAvg, operations.of(tensors.expAvg));
      assign(operations, expAvgSq, operations.of(tensors.expAvgSq));
      if (takesMoments) dispose([tensors.expAvg, tensors.expAvgSq]);
      const inputs = [parameter, expAvg, expAvgSq].map(({ id }) => id);
      const unscaled = operations.of(gradient);
      const scaled = gradientScale === 1 ? unscaled : operations.scale(unscaled, gradientScale);
      const attributes = [
        operations.type('T', ElementType.float32),
        operations.flag('use_locking', false),
        operations.flag('use_nesterov', false),
      ];
      const constants = scalars.map((value) => operations.constants.scalar(value));
      operations.runMany('ResourceApplyAdam', attributes, [...inputs, ...constants, scaled.id], 0);
      return {
        parameter: read(operations, parameter),
        expAvg: read(operations, expAvg),
        expAvgSq: read(operations, expAvgSq),
      };
    });
    return results as unknown as AdamWTensors<T>;
  }
}

/** A variable for float32 matrices of any size. */
function createVariable(operations: NativeOperations, index: number): TensorHandle {
  const attributes = [
    operations.text('container', ''),
    operations.text('shared_name', `claas-adamw-${index}`),
    operations.type('dtype', ElementType.float32),
    operations.shape('shape', [-1, -1]),
  ];
  return operations.handle(() => operations.run('VarHandleOp', attributes, []));
}

function assign(operations: NativeOperations, variable: TensorHandle, value: TensorHandle): void {
  const attributes = [operations.type('dtype', ElementType.float32)];
  operations.runMany('AssignVariableOp', attributes, [variable.id, value.id], 0);
}

function read(operations: NativeOperations, variable: TensorHandle): TensorHandle {
  return operations.run('ReadVariableOp', [operations.type('dtype', ElementType.float32)], [variable.id]);
}
