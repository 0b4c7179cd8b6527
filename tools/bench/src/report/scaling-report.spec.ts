import { describe, expect, it } from 'vitest';
import { stepFlops } from '../flops/step-flops.js';
import type { ScalingPoint } from '../sections/measure-scaling.js';
import { modelShape, parameterCount } from '../shape/model-shape.js';
import { stepOfLength } from '../shape/step-shape.js';
import { hasFailures } from './bench-report.js';
import { scalingReport } from './scaling-report.js';

const shape = modelShape('clay-tiny');

function point(tokens: number, total_ms: number | null): ScalingPoint {
  const step = stepOfLength(tokens);
  const phases = { teacher_ms: 0, forward_ms: 0, backward_ms: 0, update_ms: 0, cpu_ms: 0, loss: 0, grad_norm: 0 };
  return {
    shape,
    parameters: parameterCount(shape),
    step,
    flops: stepFlops(shape, step),
    steps: total_ms === null ? [] : [{ ...phases, total_ms, peak_bytes: 2 ** 30 }],
    failure: total_ms === null ? 'out of memory' : null,
  };
}

const section = { backend: 'tensorflow' as const, bySize: [], byVocabulary: [] };

describe('the report of scaling', () => {
  it('sets the time of a token against that of the shortest step', () => {
    const report = scalingReport({ ...section, byLength: [point(256, 1000), point(512, 3000)] });
    expect(report).toMatch(/^512 +3000 +5\.86 +× 1\.50 /m);
  });

  it('says what failed and shows the rest', () => {
    const byLength = [point(256, 1000), point(4096, null)];
    const report = scalingReport({ ...section, byLength });
    expect(report).toContain('FAILED: 4096 tokens on shape clay-tiny with 6 layers: out of memory');
    expect(report).toMatch(/^256 +1000/m);
    expect(hasFailures({ steps: null, generation: null, scaling: { ...section, byLength } })).toBe(true);
    expect(hasFailures({ steps: null, generation: null, scaling: { ...section, byLength: [point(256, 1)] } })).toBe(
      false,
    );
  });
});
