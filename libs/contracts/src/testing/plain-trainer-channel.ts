import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { ClaasError } from '../errors/claas-error.js';
import { LineDecoder } from '../trainer-protocol/line-decoder.js';
import { TrainerChannel } from '../trainer-protocol/trainer-channel.js';
import type { TrainerCallOptions, TrainerHealth } from '../trainer-protocol/trainer-channel.js';
import type { TrainerEvent, TrainerMethod, TrainerMethods } from '../trainer-protocol/trainer-protocol.js';

interface Waiting {
  readonly onProgress: (progress: never) => void;
  readonly resolve: (result: never) => void;
  readonly reject: (error: ClaasError) => void;
}

/**
 * The plainest channel to a real trainer process, for tests of what stands on either side of it: no time limits, no back-off.
 * The process is started and its model loaded by the first call, and again by the first call after its death.
 */
export class PlainTrainerChannel extends TrainerChannel {
  private child: ChildProcessWithoutNullStreams | null = null;
  private loaded: Promise<unknown> = Promise.resolve();
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;

  constructor(
    private readonly program: string,
    private readonly model: TrainerMethods['load']['params'],
    private readonly env: Readonly<Record<string, string>> = {},
  ) {
    super();
  }

  get processId(): number | null {
    return this.child?.pid ?? null;
  }

  override async call<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    options: TrainerCallOptions<M> = {},
  ): Promise<TrainerMethods[M]['result']> {
    if (this.child === null) {
      this.child = this.spawn();
      this.loaded = this.send('load', this.model);
    }
    await this.loaded;
    return this.send(method, params, options);
  }

  override async health(): Promise<TrainerHealth> {
    const status = this.child === null ? null : await this.call('status', {});
    return { running: status !== null, problem: null, status };
  }

  /** Kills the process at once. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await gone;
  }

  private spawn(): ChildProcessWithoutNullStreams {
    const child = spawn(process.execPath, [this.program], { env: { ...this.env }, stdio: 'pipe' });
    const decoder = new LineDecoder();
    const lastWords: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      for (const line of decoder.push(chunk)) this.receive(JSON.parse(line) as TrainerEvent);
    });
    child.stderr.on('data', (chunk: Buffer) => lastWords.push(chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.once('close', (code, signal) => {
      this.child = null;
      const message = `The trainer ended (${signal ?? `exit code ${code ?? 'unknown'}`}). ${lastWords.slice(-5).join('')}`;
      for (const { reject } of this.waiting.values()) reject(new ClaasError('trainer_crashed', message));
      this.waiting.clear();
    });
    return child;
  }

  private send<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    { signal, onProgress }: TrainerCallOptions<M> = {},
  ): Promise<TrainerMethods[M]['result']> {
    const id = this.nextId++;
    const cancel = (): void => void this.send('cancel', { id }).catch(() => undefined);
    const answered = new Promise<TrainerMethods[M]['result']>((resolve, reject) => {
      this.waiting.set(id, { onProgress: (progress) => onProgress?.(progress), resolve, reject });
      this.child?.stdin.write(`${JSON.stringify({ id, method, params })}\n`);
      signal?.addEventListener('abort', cancel, { once: true });
    });
    // A scored prompt is many calls with one signal.
    return answered.finally(() => signal?.removeEventListener('abort', cancel));
  }

  private receive(event: TrainerEvent): void {
    const waiting = this.waiting.get(event.id);
    if (waiting === undefined) return;
    if ('progress' in event) {
      waiting.onProgress(event.progress as never);
      return;
    }
    this.waiting.delete(event.id);
    if ('error' in event) waiting.reject(ClaasError.fromWire(event.error));
    else waiting.resolve(event.result as never);
  }
}
