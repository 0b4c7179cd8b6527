import { ClaasError, DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import type { DistillationEngine, DistillationProgress, DistillationResult, DistillationTask } from '@claas/contracts';
import { exampleRollout, fingerprint, PlainTrainerChannel } from '@claas/contracts/testing';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { EngineWorld, MODEL_DIRECTORY, TRAINER } from './engine-world.js';

export const FAULT_LIMITS = { noProgressMs: 20_000, backoffMs: 1, maxBackoffMs: 1, healthAgeMs: 0, healthMs: 8_000 };
const MADE = ['adapter_config.json', 'adapter_model.safetensors', 'optimizer.safetensors'];
const ADAPTER = { baseModel: 'clay-tiny', rank: 4, loraAlpha: 8, targetModules: LORA_MODULES, seed: 1 };

export interface Outcome {
  readonly files: Record<string, string>;
  readonly result: DistillationResult | null;
  readonly error: ClaasError | null;
}

/** One step, again and again, with something going wrong; and what it gives on this machine, where nothing does. */
export class StepWorld {
  readonly opened: ReturnType<EngineWorld['open']>;

  private constructor(
    readonly world: EngineWorld,
    private readonly root: string,
    readonly parent: DistillationTask['parent'],
    /** Files by their checksum, from a trainer of this machine. */
    readonly expected: Record<string, string>,
  ) {
    this.opened = world.open({}, FAULT_LIMITS);
  }

  static async start(): Promise<StepWorld> {
    const root = await mkdtemp(join(tmpdir(), 'claas-modal-faults-'));
    const [parent, output] = [await mkdtemp(join(root, 'parent-')), await mkdtemp(join(root, 'local-'))];
    const local = new PlainTrainerChannel(
      TRAINER,
      { modelDirectory: MODEL_DIRECTORY, baseModel: 'clay-tiny' },
      { CLAAS_TENSOR_BACKEND: 'wasm' },
    );
    await local.call('init', { ...ADAPTER, outputDirectory: parent });
    const source = { loraId: parseAdapterId('fault/adapter'), version: 0, directory: parent };
    await local.call('distill', taskFrom(source, output));
    await local.kill();
    return new StepWorld(await EngineWorld.start(), root, source, await fingerprint(output));
  }

  get engine(): DistillationEngine {
    return this.opened.engine;
  }

  stage(): Promise<string> {
    return mkdtemp(join(this.root, 'staged-'));
  }

  /** A step, interrupted in its middle by `interrupt` as often as it gets there. */
  async step(interrupt: () => void = () => undefined, engine = this.engine): Promise<Outcome> {
    const outputDirectory = await this.stage();
    const onProgress = ({ phase }: DistillationProgress): void => {
      if (phase === 'backward') interrupt();
    };
    try {
      const result = await engine.distill(taskFrom(this.parent, outputDirectory), { onProgress });
      return { files: await fingerprint(outputDirectory), result, error: null };
    } catch (error) {
      expect(await readdir(outputDirectory)).toEqual([]);
      return { files: {}, result: null, error: ClaasError.from(error) };
    }
  }

  /** The version is the one that a step on this machine makes, byte for byte. */
  expectNewVersion({ files, error }: Outcome): void {
    expect(error).toBeNull();
    expect(Object.keys(files)).toEqual(MADE);
    expect(files).toEqual(this.expected);
  }

  /** The client is told; afterwards the same step works, with one Sandbox, and nothing half is on the Volume. */
  async expectOldVersion({ error }: Outcome, code: string, message: RegExp): Promise<void> {
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    this.world.double.faults.clear();
    this.expectNewVersion(await this.step());
    expect(this.world.double.sandboxes.running()).toHaveLength(1);
    const outputs = this.world.leftovers().filter((path) => path.includes('/output/'));
    for (const directory of new Set(outputs.map((path) => path.split('/').slice(0, 4).join('/')))) {
      const names = outputs.filter((path) => path.startsWith(`${directory}/`)).map((path) => path.split('/')[4]);
      expect([MADE, MADE.slice(0, 2)]).toContainEqual(names);
    }
  }

  /** Takes the engine's Sandbox away while nothing runs. */
  async endSandbox(): Promise<void> {
    for (const { id, definition } of this.world.double.sandboxes.running()) {
      if (definition.name === 'claas-trainer-test') this.world.double.sandboxes.preempt(id);
    }
    await vi.waitFor(async () => {
      expect((await this.engine.health()).details['running']).toBe(false);
    }, 5_000);
  }

  async close(): Promise<void> {
    await this.world.close();
    await rm(this.root, { recursive: true });
  }
}

function taskFrom(parent: DistillationTask['parent'], outputDirectory: string): DistillationTask {
  return {
    feedbackId: 'feedback-1',
    baseModel: 'clay-tiny',
    parent,
    outputDirectory,
    rollout: exampleRollout('The capital of France is Paris! 😀'),
    feedback: 'Do not use emojis.',
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 1e-3 },
  };
}
