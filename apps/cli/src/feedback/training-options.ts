import { Option, type Command } from 'commander';
import { number, wholeNumber } from '../program/option-values.js';

export interface TrainingOptions {
  readonly learningRate?: number;
  readonly alpha?: number;
  readonly steps?: number;
  readonly topK?: number;
  readonly isClip?: number;
  readonly maxGradNorm?: number;
  readonly klRegWeight?: number;
  readonly teacher?: string;
}

/** How a feedback is learned; what is missing has the service's default, and the service checks the ranges. */
export function addTrainingOptions(command: Command): Command {
  return command
    .addOption(new Option('--learning-rate <x>', 'step size, 1e-6 to 1e-2').argParser(number))
    .addOption(
      new Option('--alpha <x>', 'divergence: 0 is KL(teacher‖student), 1 KL(student‖teacher)').argParser(number),
    )
    .addOption(new Option('--steps <n>', 'optimizer steps, 1 to 16').argParser(wholeNumber))
    .addOption(new Option('--top-k <n>', 'compare only the K likeliest tokens').argParser(wholeNumber))
    .addOption(new Option('--is-clip <x>', 'bound of the importance ratio, 1 to 20').argParser(number))
    .addOption(new Option('--max-grad-norm <x>', 'larger gradients are scaled down').argParser(number))
    .addOption(new Option('--kl-reg-weight <x>', 'pull towards the base model, 0 to 1').argParser(number))
    .addOption(new Option('--teacher <mode>', 'who teaches').choices(['self', 'remote']));
}

/** What was given of them, as the service names it. */
export function readTraining(options: TrainingOptions): Record<string, number | string> {
  const fields = {
    learning_rate: options.learningRate,
    alpha: options.alpha,
    steps: options.steps,
    top_k: options.topK,
    is_clip: options.isClip,
    max_grad_norm: options.maxGradNorm,
    kl_reg_weight: options.klRegWeight,
    teacher_mode: options.teacher,
  };
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, number | string] => entry[1] !== undefined),
  );
}
