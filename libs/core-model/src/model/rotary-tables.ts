import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Llama3RopeScaling, RopeSettings } from '../config/rope-settings.js';

/** cos and sin of the rotation angles, (T, D) each, both halves of D equal. */
export interface RotarySlice {
  readonly cos: Tensor2D;
  readonly sin: Tensor2D;
}

/**
 * Angles of the rotary position embedding, computed in double precision and grown on demand.
 * Angle of channel pair i at position t: t · θ^(−2i/D), the frequency rescaled where the model says so.
 */
export class RotaryTables {
  private readonly frequencies: Float64Array;
  private positions = 0;
  private cosTable = new Float32Array(0);
  private sinTable = new Float32Array(0);

  constructor(
    private readonly headDim: number,
    { theta, scaling }: RopeSettings,
  ) {
    this.frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) =>
      scaledFrequency(theta ** ((-2 * i) / headDim), scaling),
    );
  }

  /** Tables of positions offset … offset + length − 1; the caller disposes of them. */
  at(offset: number, length: number): RotarySlice {
    this.grow(offset + length);
    const D = this.headDim;
    const slice = (table: Float32Array) => tensor2d(table.slice(offset * D, (offset + length) * D), [length, D]);
    return { cos: slice(this.cosTable), sin: slice(this.sinTable) };
  }

  /** Tables whose row n is that of position `positions[n]`; the caller disposes of them. */
  atPositions(positions: readonly number[]): RotarySlice {
    this.grow(Math.max(...positions) + 1);
    const D = this.headDim;
    const rows = (table: Float32Array) => {
      const values = new Float32Array(positions.length * D);
      positions.forEach((t, n) => {
        values.set(table.subarray(t * D, (t + 1) * D), n * D);
      });
      return tensor2d(values, [positions.length, D]);
    };
    return { cos: rows(this.cosTable), sin: rows(this.sinTable) };
  }

  private grow(positions: number): void {
    if (positions <= this.positions) return;
    const T = Math.max(positions, 2 * this.positions, 256);
    const D = this.headDim;
    const half = D / 2;
    this.cosTable = new Float32Array(T * D);
    this.sinTable = new Float32Array(T * D);
    for (let t = 0; t < T; t++) {
      for (let d = 0; d < D; d++) {
        const angle = t * this.frequencies[d % half]!;
        this.cosTable[t * D + d] = Math.cos(angle);
        this.sinTable[t * D + d] = Math.sin(angle);
      }
    }
    this.positions = T;
  }
}

/**
 * Llama 3's frequency scaling: long wavelengths are stretched by `factor`, short ones kept, those between interpolated.
 * Source: rope type "llama3" of https://github.com/huggingface/transformers/blob/v4.53.0/src/transformers/modeling_rope_utils.py
 */
function scaledFrequency(frequency: number, scaling: Llama3RopeScaling | null): number {
  if (scaling === null) return frequency;
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalMaxPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalMaxPositions / highFrequencyFactor) return frequency;
  if (wavelength > originalMaxPositions / lowFrequencyFactor) return frequency / factor;
  const smooth = (originalMaxPositions / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
