import { ClaasError, Teacher } from '@claas/contracts';
import type { TeacherPosition, TeacherTask } from '@claas/contracts';
import { VllmHttp } from '../http/vllm-http.js';
import { logprobOf, responseRows } from '../scoring/prompt-logprobs.js';
import type { CompletionReply, PromptLogprobsRow } from '../scoring/prompt-logprobs.js';
import { ServerAdapters } from '../adapters/server-adapters.js';
import { ServerTokenizer } from '../tokens/server-tokenizer.js';
import { DEFAULT_VLLM_TIMEOUTS } from '../settings/vllm-settings.js';

export interface RemoteTeacherSettings {
  /** CLAAS_TEACHER_BASE_URL. */
  readonly baseUrl: string;
  /** CLAAS_TEACHER_MODEL, as the server calls it. */
  readonly model: string;
  readonly apiKey: string | null;
  readonly timeoutMs: number;
}

/** A second vLLM server whose model teaches. It must have the student's vocabulary: only then can log-probs be compared by token id. */
export class RemoteTeacher extends Teacher {
  private isChecked = false;
  private readonly http: VllmHttp;
  private readonly tokenizer: ServerTokenizer;
  private readonly server: ServerAdapters;

  constructor(private readonly settings: RemoteTeacherSettings) {
    super();
    this.http = new VllmHttp(settings.baseUrl, settings.apiKey);
    this.tokenizer = new ServerTokenizer(this.http, () => Promise.resolve(settings.model), settings.timeoutMs);
    this.server = new ServerAdapters(this.http, { ...DEFAULT_VLLM_TIMEOUTS, questionMs: settings.timeoutMs });
  }

  /** Once it was right, a teacher is not asked again. */
  override async check({ probes }: Pick<TeacherTask, 'probes'>): Promise<void> {
    if (this.isChecked) return;
    await this.assertReady();
    await this.guarded('tokenize', async () => {
      for (const { text, tokenIds } of probes) {
        const found = await this.tokenizer.continuation(text);
        if (found.length === tokenIds.length && found.every((id, index) => id === tokenIds[index])) continue;
        throw this.otherVocabulary(
          `it reads ${JSON.stringify(text.slice(0, 60))} as tokens ${found.slice(0, 8).join(', ')}, not as ${tokenIds.slice(0, 8).join(', ')}`,
        );
      }
    });
    this.isChecked = true;
  }

  override async score(task: TeacherTask, topK: number, signal?: AbortSignal): Promise<readonly TeacherPosition[]> {
    const { promptTokenIds, responseTokenIds, vocabularySize } = task;
    const prompt = [...promptTokenIds, ...responseTokenIds];
    const { model, timeoutMs } = this.settings;
    const body = { model, prompt, max_tokens: 1, temperature: 0, prompt_logprobs: topK };
    return this.guarded('score', async () => {
      const call = { method: 'POST', path: '/v1/completions', body, timeoutMs, signal } as const;
      const reply = (await this.http.askJson(call)) as CompletionReply;
      const rows = responseRows(reply, prompt.length, responseTokenIds.length);
      return rows.map((row, t) => this.position(row, responseTokenIds[t] ?? -1, topK, vocabularySize));
    });
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async assertReady(): Promise<void> {
    await this.guarded('list its models', async () => {
      const names = (await this.server.list()).map(({ id }) => id);
      if (names.includes(this.settings.model)) return;
      throw failed(`it serves ${names.join(', ')}, not ${this.settings.model}. Correct CLAAS_TEACHER_MODEL`);
    });
  }

  private position(
    row: NonNullable<PromptLogprobsRow>,
    tokenId: number,
    topK: number,
    vocabularySize: number,
  ): TeacherPosition {
    const logprob = logprobOf(row, tokenId);
    const best = Object.entries(row)
      .map(([id, entry]) => ({ tokenId: Number(id), logprob: entry.logprob }))
      .sort((a, b) => b.logprob - a.logprob || a.tokenId - b.tokenId)
      .slice(0, topK);
    if (best.length < topK)
      throw failed(`it gave ${best.length} of ${topK} log-probs for a position. Start it with --max-logprobs ${topK}`);
    const stranger = best.find(({ tokenId: id }) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
    if (stranger !== undefined) {
      throw this.otherVocabulary(
        `it knows a token ${stranger.tokenId}, and the student’s tokens end at ${vocabularySize - 1}`,
      );
    }
    return { logprob, tokenIds: best.map((entry) => entry.tokenId), logprobs: best.map((entry) => entry.logprob) };
  }

  private otherVocabulary(reason: string): ClaasError {
    return failed(
      `its vocabulary is not the student’s: ${reason}. CLAAS_TEACHER_MODEL must be of the base model’s family`,
    );
  }

  private async guarded<T>(task: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const known = ClaasError.from(error);
      const advice = /max allowed|max.logprobs/i.test(known.message)
        ? ' Start it with --max-logprobs 100 or more.'
        : '';
      if (known.code === 'teacher_failed' || known.code === 'cancelled') throw known;
      const message = `The remote teacher could not ${task}: ${known.message}${advice} (CLAAS_TEACHER_BASE_URL)`;
      throw new ClaasError('teacher_failed', message, known.details, { cause: error });
    }
  }
}

function failed(reason: string): ClaasError {
  return new ClaasError('teacher_failed', `The remote teacher can’t be used: ${reason}.`);
}
