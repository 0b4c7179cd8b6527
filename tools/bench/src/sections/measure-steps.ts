import { ContestantProcess } from '../contestant/contestant-process.js';
import type { ContestantProgram } from '../contestant/contestant-process.js';
import type { LimitMeasurement, LoadMeasurement, StepMeasurement } from '../contestant/messages.js';
import { ownProgram } from '../contestant/own-program.js';
import type { MeasuredBackend } from '../contestant/own-program.js';
import { pytorchProgram } from '../contestant/pytorch-program.js';
import { stepTokens } from '../contestant/step-tokens.js';
import { stepFlops } from '../flops/step-flops.js';
import type { StepFlops } from '../flops/step-flops.js';
import type { ModelShape } from '../shape/model-shape.js';
import { STANDARD_STEP } from '../shape/step-shape.js';
import type { StepShape } from '../shape/step-shape.js';
import { shapeFor, syntheticFiles } from './bench-context.js';
import type { BenchContext } from './bench-context.js';
import { inAlternatingOrder } from './alternating-order.js';

/** One of those that took the same steps in turn. */
export interface StepSeries {
  readonly name: string;
  readonly load: LoadMeasurement;
  /** By round; the step before the first round, in which everything is slower, is left out. */
  readonly steps: readonly StepMeasurement[];
}

export interface StepSection {
  readonly backend: MeasuredBackend;
  readonly shape: ModelShape;
  readonly step: StepShape;
  readonly alpha: number;
  readonly flops: StepFlops;
  /** This project's first. */
  readonly series: readonly StepSeries[];
  /** Plain matrix products on the same backend, by round. */
  readonly limits: readonly LimitMeasurement[];
  /** The same in PyTorch, where that took part. */
  readonly pytorchLimits: readonly LimitMeasurement[];
}

const LIMIT_REPETITIONS = 2;

/** Steps of this project on a backend, and of PyTorch where that is installed, in turn and in reversed order every other round. */
export async function measureSteps(context: BenchContext, backend: MeasuredBackend): Promise<StepSection> {
  const { args, progress } = context;
  const shape = shapeFor(backend, args);
  const files = await syntheticFiles(context, shape, STANDARD_STEP.rank);
  const request = { ...stepTokens(shape, STANDARD_STEP), alpha: args.alpha };
  const entries = programs(context, backend).map((program) => ({ ...program, steps: [] as StepMeasurement[] }));
  const limits: LimitMeasurement[] = [];
  const pytorchLimits: LimitMeasurement[] = [];
  const started: ContestantProcess[] = [];
  const start = async (program: ContestantProgram): Promise<ContestantProcess> => {
    const contestant = await ContestantProcess.start(program);
    started.push(contestant);
    return contestant;
  };

  progress.begin(`Steps on ${backend}, shape ${shape.name}`, (args.rounds + 1) * entries.length);
  try {
    const limit = await start(ownProgram(backend, args.threads));
    const pytorch = entries.find(({ isPytorch }) => isPytorch);
    const pytorchLimit = pytorch === undefined ? null : await start(pytorch.program);
    const contestants = [];
    for (const entry of entries) {
      const contestant = await start(entry.program);
      const load = await contestant.ask('load', { ...files, checkpointing: entry.checkpointing });
      await contestant.ask('step', request);
      contestants.push({ ...entry, contestant, load });
      progress.advance();
    }
    for (let round = 0; round < args.rounds; round++) {
      limits.push(await limit.ask('limit', { repetitions: LIMIT_REPETITIONS }));
      if (pytorchLimit !== null)
        pytorchLimits.push(await pytorchLimit.ask('limit', { repetitions: LIMIT_REPETITIONS }));
      for (const { contestant, steps } of inAlternatingOrder(contestants, round)) {
        steps.push(await contestant.ask('step', request));
        progress.advance();
      }
    }
    const series = contestants.map(({ program, load, steps }) => ({ name: program.name, load, steps }));
    const flops = stepFlops(shape, STANDARD_STEP);
    return { backend, shape, step: STANDARD_STEP, alpha: args.alpha, flops, series, limits, pytorchLimits };
  } finally {
    await Promise.all(started.map((contestant) => contestant.stop()));
    progress.end();
  }
}

interface StepProgram {
  readonly program: ContestantProgram;
  readonly checkpointing: boolean;
  readonly isPytorch: boolean;
}

/** PyTorch beside the native backend only: on wasm there is nothing to compare. */
function programs({ args, pytorch }: BenchContext, backend: MeasuredBackend): StepProgram[] {
  const own = { program: ownProgram(backend, args.threads), checkpointing: true, isPytorch: false };
  if (backend !== 'tensorflow' || 'missing' in pytorch) return [own];
  const peer = (checkpointing: boolean): StepProgram => ({
    program: pytorchProgram(pytorch.python, args.threads, `PyTorch, checkpointing ${checkpointing ? 'on' : 'off'}`),
    checkpointing,
    isPytorch: true,
  });
  return [own, peer(true), peer(false)];
}
