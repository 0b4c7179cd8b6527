import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import type { DistillationResult, DistillationTask, TrainingSettings } from '@claas/contracts';
import { exampleRollout } from '@claas/contracts/testing';
import { TinkerDouble } from '@claas/contracts/testing/tinker';
import { LanguageModel, OPTIMIZER_STATE_FILE, readAdapterFiles } from '@claas/core-model';
import { ChatTemplate, Tokenizer } from '@claas/core-model/text';
import { TextModel, TinkerConnection, TinkerEngine } from '@claas/engine-tinker';
import type { TensorBackend } from '@claas/tensor-backend';
import { distill } from '@claas/training';
import type { DistillationContext } from '@claas/training';
import { ClayModel, SERVICE_LORA_ALPHA } from '../../model/clay-model.js';
import { productDifference } from './product-difference.js';

const CLAY_TINY = resolve(import.meta.dirname, '../../../../../models/clay-tiny/model');
const BASE_MODEL = 'clay-tiny';
const SERVICE_FOLDER = 'service';

export interface StepInBoth {
  readonly tinker: DistillationResult;
  readonly local: DistillationResult;
  /** ‖BA_tinker − BA_local‖ / ‖BA_local − BA_parent‖ over all modules. */
  readonly updateDifference: number;
}

export interface Question {
  readonly feedback: string;
  readonly rollout: DistillationTask['rollout'];
}

export const QUESTION: Question = {
  feedback: "Don't use emojis.",
  rollout: exampleRollout("It's Paris, the capital of France! 😀"),
};

/** A trainer in this process and a Tinker service, each with clay-tiny; every token may be part of the support. */
export class AgreementWorld {
  private constructor(
    private readonly root: string,
    private readonly local: DistillationContext,
    private readonly double: TinkerDouble,
    private readonly engine: TinkerEngine,
  ) {}

  static async open(backend: TensorBackend): Promise<AgreementWorld> {
    const root = await mkdtemp(join(tmpdir(), 'claas-agreement-'));
    const tokenizer = await Tokenizer.load(CLAY_TINY);
    const local = {
      model: await LanguageModel.load(CLAY_TINY, backend),
      tokenizer,
      template: await ChatTemplate.load(CLAY_TINY, tokenizer),
    };
    const model = await ClayModel.load(CLAY_TINY, BASE_MODEL, backend);
    const double = await TinkerDouble.start({ model, stateDirectory: join(root, SERVICE_FOLDER), apiKey: 'tml-x' });
    const connection = new TinkerConnection(
      { baseUrl: double.url, apiKey: 'tml-x', baseModel: BASE_MODEL, maxTopK: local.model.config.vocabularySize },
      await TextModel.load(CLAY_TINY),
    );
    const versions = {
      checkpoints: () => Promise.resolve(new Set<string>()),
      withWeights: () => Promise.resolve(null),
    };
    const engine = new TinkerEngine({ connection, versions, ledgerDirectory: join(root, 'ledger') });
    return new AgreementWorld(root, local, double, engine);
  }

  async close(): Promise<void> {
    await this.engine.close();
    await this.double.close();
    await rm(this.root, { recursive: true });
  }

  /** An untrained version, which both know. */
  async newVersion(loraAlpha: number, seed: number): Promise<string> {
    const outputDirectory = await this.stage();
    const shape = { baseModel: BASE_MODEL, rank: 8, loraAlpha, targetModules: LORA_MODULES };
    await this.engine.initAdapter({ ...shape, seed, outputDirectory });
    return outputDirectory;
  }

  /**
   * A version that has been trained at the service, with the moments for the trainer here beside its weights; of the lora_alpha that
   * the service has, so that the moments are the same numbers.
   */
  async trainedVersion(seed: number, question: Question): Promise<string> {
    const task = await this.task(await this.newVersion(SERVICE_LORA_ALPHA, seed), question, { steps: 2 });
    const { outputDirectory } = task;
    await this.engine.distill(task);
    const text = await readFile(join(outputDirectory, 'tinker.json'), 'utf8');
    const { trainingPath } = JSON.parse(text) as { readonly trainingPath: string };
    const checkpoint = join(this.root, SERVICE_FOLDER, trainingPath.slice('tinker://'.length));
    await copyFile(join(checkpoint, OPTIMIZER_STATE_FILE), join(outputDirectory, OPTIMIZER_STATE_FILE));
    return outputDirectory;
  }

  /** One task in both modes, from the same version. */
  async step(parent: string, question: Question, settings: Partial<TrainingSettings>): Promise<StepInBoth> {
    const [there, here] = [await this.task(parent, question, settings), await this.task(parent, question, settings)];
    const tinker = await this.engine.distill(there);
    const local = await distill(this.local, here);
    const [before, theirs, ours] = await Promise.all(
      [parent, there.outputDirectory, here.outputDirectory].map((directory) =>
        readAdapterFiles(directory, this.local.model.config),
      ),
    );
    const updateDifference = productDifference(ours!, theirs!) / productDifference(ours!, before!);
    return { tinker, local, updateDifference };
  }

  private async task(
    parent: string,
    { feedback, rollout }: Question,
    settings: Partial<TrainingSettings>,
  ): Promise<DistillationTask> {
    return {
      feedbackId: 'feedback-1',
      baseModel: BASE_MODEL,
      parent: { loraId: parseAdapterId('tests/agreement'), version: 0, directory: parent },
      outputDirectory: await this.stage(),
      feedback,
      rollout,
      settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 1e-3, ...settings },
    };
  }

  private stage(): Promise<string> {
    return mkdtemp(join(this.root, 'version-'));
  }
}
