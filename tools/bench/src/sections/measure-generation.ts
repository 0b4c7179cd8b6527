import { ContestantProcess } from '../contestant/contestant-process.js';
import type { GenerationMeasurement } from '../contestant/messages.js';
import { ownProgram } from '../contestant/own-program.js';
import type { MeasuredBackend } from '../contestant/own-program.js';
import { pytorchProgram } from '../contestant/pytorch-program.js';
import { randomTokens } from '../contestant/step-tokens.js';
import type { ModelShape } from '../shape/model-shape.js';
import { STANDARD_STEP } from '../shape/step-shape.js';
import { inAlternatingOrder } from './alternating-order.js';
import { shapeFor, syntheticFiles } from './bench-context.js';
import type { BenchContext } from './bench-context.js';

export interface GenerationSeries {
  readonly name: string;
  /** Answers at the same time. */
  readonly sequences: number;
  /** By round. */
  readonly rounds: readonly GenerationMeasurement[];
}

export interface GenerationSection {
  readonly backend: MeasuredBackend;
  readonly shape: ModelShape;
  readonly promptTokens: number;
  readonly newTokens: number;
  /** This project alone, this project with several answers at once, then PyTorch where it is installed. */
  readonly series: readonly GenerationSeries[];
}

const CONCURRENT = 4;
const WARM_UP_TOKENS = 2;

/** Greedy answers with the adapter: one, four at the same time, and transformers' `generate`, in turn. */
export async function measureGeneration(context: BenchContext, backend: MeasuredBackend): Promise<GenerationSection> {
  const { args, progress, pytorch } = context;
  const shape = shapeFor(backend, args);
  const files = await syntheticFiles(context, shape, STANDARD_STEP.rank);
  const { promptTokens } = STANDARD_STEP;
  const prompts = Array.from({ length: CONCURRENT }, (_, i) => randomTokens(shape, promptTokens, `prompt ${i}`));
  const started: ContestantProcess[] = [];
  const loaded = async (program: Parameters<typeof ContestantProcess.start>[0]): Promise<ContestantProcess> => {
    const contestant = await ContestantProcess.start(program);
    started.push(contestant);
    await contestant.ask('load', { ...files, checkpointing: false });
    return contestant;
  };

  try {
    const own = await loaded(ownProgram(backend, args.threads));
    const entries = [entry(`CLaaS (${backend})`, own, 1), entry(`CLaaS (${backend})`, own, CONCURRENT)];
    if (backend === 'tensorflow' && !('missing' in pytorch)) {
      const name = 'transformers generate';
      const peer = await loaded(pytorchProgram(pytorch.python, args.threads, name));
      entries.push(entry(name, peer, 1), entry(name, peer, CONCURRENT));
    }
    progress.begin(`Generation on ${backend}, shape ${shape.name}`, (args.rounds + 1) * entries.length);
    for (let round = -1; round < args.rounds; round++) {
      for (const { contestant, sequences, rounds } of inAlternatingOrder(entries, round + 1)) {
        const isWarmUp = round < 0;
        const newTokens = isWarmUp ? WARM_UP_TOKENS : args.newTokens;
        const measurement = await contestant.ask('generate', {
          prompts: prompts.slice(0, sequences),
          new_tokens: newTokens,
        });
        if (!isWarmUp) rounds.push(measurement);
        progress.advance();
      }
    }
    const series = entries.map(({ name, sequences, rounds }) => ({ name, sequences, rounds }));
    return { backend, shape, promptTokens, newTokens: args.newTokens, series };
  } finally {
    await Promise.all(started.map((contestant) => contestant.stop()));
    progress.end();
  }
}

function entry(name: string, contestant: ContestantProcess, sequences: number) {
  return { name, contestant, sequences, rounds: [] as GenerationMeasurement[] };
}
