import {
  ClaasError,
  DistillationEngine,
  type AdapterShape,
  type DistillationProgress,
  type DistillationRequest,
  type DistillationResult,
  type DistillationTask,
  type EngineHealth,
  type InitAdapterRequest,
  type PreparedRollout,
} from '@claas/contracts';
import { logprobsOf, readLearned, writeLearned } from './weights.js';

/** A DistillationEngine that learns by heart, instead of a trainer: deterministic, quick, and it can be made to wait. */
export class LearningEngine extends DistillationEngine {
  readonly capabilities = { teacherModes: ['self'] as const, maxTopK: 1000, fullVocabulary: true };
  /** A step waits for this; whoever replaces it decides how long steps take. */
  gate: Promise<void> = Promise.resolve();
  /** False for an engine that does not hear when a step is cancelled. */
  hearsCancellation = true;
  /** Most steps that ran at the same time. */
  mostAtOnce = 0;
  private running = 0;

  /** Steps wait from now on, until what is returned is called. */
  closeGate(): () => void {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    return open;
  }

  async initAdapter({ outputDirectory }: InitAdapterRequest): Promise<void> {
    await writeLearned(outputDirectory, []);
  }

  async inspectAdapter(): Promise<AdapterShape> {
    return { baseModel: 'base', rank: 4, loraAlpha: 8, targetModules: ['q_proj'] };
  }

  async prepare({ rollout }: DistillationRequest): Promise<PreparedRollout> {
    const { response, conversation, promptTokenIds, rolloutLogprobs } = rollout;
    const responseTokenIds = 'tokenIds' in response ? response.tokenIds : tokenize(response.text);
    if (responseTokenIds.length === 0) throw new ClaasError('response_empty', 'The response has no tokens.');
    if (rolloutLogprobs !== null && rolloutLogprobs.length !== responseTokenIds.length) {
      throw new ClaasError('rollout_logprobs_mismatch', `Expected ${responseTokenIds.length} log-probs.`);
    }
    return {
      promptTokenIds: promptTokenIds ?? tokenize(conversation.map(({ content }) => content).join('\n')),
      responseTokenIds,
    };
  }

  async distill(
    task: DistillationTask,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (progress: DistillationProgress) => void } = {},
  ): Promise<DistillationResult> {
    const rollout = await this.prepare(task);
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    try {
      options.onProgress?.({ phase: 'teacher', fraction: 0.5 });
      await this.passGate(options.signal);
      const before = await readLearned(task.parent.directory);
      const learned = [...before, task.feedbackId];
      await writeLearned(task.outputDirectory, learned);
      return {
        ...sampleResult(rollout.responseTokenIds),
        rollout,
        responseLogprobs: logprobsOf(learned, rollout.responseTokenIds),
        parentResponseLogprobs: logprobsOf(before, rollout.responseTokenIds),
      };
    } finally {
      this.running -= 1;
    }
  }

  async health(): Promise<EngineHealth> {
    return { ready: true, problem: null, details: {} };
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  private async passGate(signal: AbortSignal | undefined): Promise<void> {
    if (signal === undefined || !this.hearsCancellation) return this.gate;
    let cancel = (): void => undefined;
    const cancelled = new Promise<never>((_resolve, reject) => {
      cancel = () => {
        reject(new ClaasError('cancelled', 'The step was cancelled.'));
      };
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel);
    });
    cancelled.catch(() => undefined);
    try {
      await Promise.race([this.gate, cancelled]);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }
}

function tokenize(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

function sampleResult(tokenIds: readonly number[]): Pick<DistillationResult, 'metrics' | 'receipt'> {
  return {
    metrics: {
      totalLoss: 0.5,
      distillLoss: 0.4,
      klReg: 0.1,
      meanIsRatio: 1,
      clipFraction: 0,
      gradNorm: 2,
      tokensProcessed: tokenIds.length,
      teacherMode: 'self',
      steps: 1,
    },
    receipt: {
      gapBefore: 0.4,
      gapAfter: 0.3,
      responseLogprobBefore: -3,
      responseLogprobAfter: -4,
      tokens: tokenIds.map((tokenId) => ({ tokenId, text: String.fromCodePoint(tokenId), signal: -0.5 })),
      adapterChange: 0.01,
      adapterChangeRelative: 0.0001,
      gradNorm: 2,
      meanImportanceRatio: 1,
      clipFraction: 0,
      klToBase: 0.1,
      warnings: [],
    },
  };
}
