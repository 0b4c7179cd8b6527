import { describe, expect, it } from 'vitest';
import type { StepMeasurement } from '../contestant/messages.js';
import type { StepSection } from '../sections/measure-steps.js';
import { modelShape } from '../shape/model-shape.js';
import { STANDARD_STEP } from '../shape/step-shape.js';
import { shareOfLimit, stepReport } from './step-report.js';

const step = (total_ms: number, peak_bytes: number): StepMeasurement => ({
  teacher_ms: 0.2 * total_ms,
  forward_ms: 0.3 * total_ms,
  backward_ms: 0.4 * total_ms,
  update_ms: 0.1 * total_ms,
  total_ms,
  cpu_ms: 2 * total_ms,
  loss: 0.25,
  grad_norm: 1.5,
  peak_bytes,
});

const load = { ms: 1200, peak_bytes: 2 ** 31 };
const section: StepSection = {
  backend: 'tensorflow',
  shape: modelShape('0.6b'),
  step: STANDARD_STEP,
  alpha: 0,
  flops: { teacher: 0, forward: 3e11, head: 0, backward: 0, needed: 1e12, recomputation: 3e11, attention: 0 },
  series: [
    { name: 'CLaaS (tensorflow)', load, steps: [step(1000, 2 ** 31), step(4000, 2 ** 31), step(2000, 2 ** 31)] },
    { name: 'PyTorch, checkpointing on', load, steps: [step(2000, 2 ** 32), step(5000, 2 ** 32), step(2500, 2 ** 32)] },
  ],
  limits: [2000, 1000, 1000].map((gflops) => ({ gflops, format: 'BF16' })),
  pytorchLimits: [1000, 500, 2000].map((gflops) => ({ gflops, format: 'BF16' })),
};

describe('the report of a step', () => {
  it("sets the step's rate against the faster product of the same round", () => {
    // 1 TFLOP/s of 2, 0.25 of 1, 0.5 of 2 — and a third more of each with what is computed twice.
    expect(shareOfLimit(section).needed).toEqual({ median: 0.25, min: 0.25, max: 0.5, count: 3 });
    expect(shareOfLimit(section).withRecomputation.max).toBeCloseTo(0.65);
  });

  it('has ratios of rounds and of peak memory', () => {
    const report = stepReport(section);
    expect(report).toContain('PyTorch, checkpointing on  0.80 [0.50 … 0.80]  0.80 [0.50 … 0.80]         0.50');
  });

  it('leaves the ratios out where nobody took part', () => {
    expect(stepReport({ ...section, series: section.series.slice(0, 1), pytorchLimits: [] })).not.toContain('PyTorch');
  });
});
