import { ClaasError, LineDecoder } from '@claas/contracts';
import type { TrainerCallOptions, TrainerMethod, TrainerMethods } from '@claas/contracts';
import { parseEvent } from './parse-event.js';
import { PendingRequests } from './pending-requests.js';
import { ProgressWatchdog } from './progress-watchdog.js';
import {
  CallCancelledError,
  TrainerCrashedError,
  TrainerFailedToStartError,
  TrainerUnresponsiveError,
} from './trainer-errors.js';
import type { TrainerLimits } from './trainer-limits.js';
import { parseLogLine } from './trainer-log.js';
import type { TrainerLogRecord } from './trainer-log.js';
import type { OpenTrainerLink, TrainerEnd, TrainerLink } from './trainer-link.js';

const KEPT_LOG_LINES = 20;
const KEPT_LOG_CHARACTERS = 500;

/** One trainer from birth to death, and the requests that it has not answered. Never restarts anything. */
export class TrainerConnection {
  /** Resolves when the trainer is gone and everything that it said has been read. */
  readonly ended: Promise<void>;
  private readonly link: TrainerLink;
  private readonly pending = new PendingRequests();
  private readonly lastLogLines: string[] = [];
  private readonly watchdog: ProgressWatchdog;
  private nextId = 1;
  private isOpen = false;
  private hasLoaded = false;
  /** Why it is gone, or going. */
  private end: ClaasError | null = null;

  constructor(
    /** What was started, for messages. */
    private readonly name: string,
    open: OpenTrainerLink,
    private readonly limits: TrainerLimits,
    private readonly onLog: (record: TrainerLogRecord) => void,
  ) {
    this.watchdog = new ProgressWatchdog(
      limits.noProgressMs,
      () => this.isOpen && this.pending.size > 0,
      () => {
        this.kill(new TrainerUnresponsiveError(limits.noProgressMs));
      },
    );
    this.link = this.read(open);
    void this.link.opened.then(() => {
      this.isOpen = true;
      this.watchdog.sign();
    });
    this.ended = this.awaitEnd();
  }

  /** False once it is dead or was told to end. */
  get isUsable(): boolean {
    return this.end === null;
  }

  get processId(): number | null {
    return this.link.processId;
  }

  /** Kills the trainer at once; its requests fail with `reason`, and nothing that it still says counts. */
  kill(reason: ClaasError): void {
    this.end ??= reason;
    this.pending.failAll(reason);
    this.link.kill();
  }

  /** Asks the trainer to end, and kills it when it doesn't in time; its requests fail with `cancelled`. */
  async stop(): Promise<void> {
    if (this.isUsable) {
      this.send({ id: this.nextId++, method: 'shutdown', params: {} });
      this.end = new CallCancelledError('The trainer is being stopped.');
    }
    const patience = setTimeout(() => {
      this.link.kill();
    }, this.limits.stopMs);
    await this.ended;
    clearTimeout(patience);
  }

  /** @throws ClaasError see {@link TrainerChannel.call} */
  request<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    { signal, onProgress }: TrainerCallOptions<M> = {},
  ): Promise<TrainerMethods[M]['result']> {
    return new Promise((resolve, reject) => {
      if (this.end !== null) throw this.end;
      if (signal?.aborted === true) throw new CallCancelledError();
      const id = this.nextId++;
      let patience: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        this.send({ id: this.nextId++, method: 'cancel', params: { id } });
        // A step may still write to its directories, so it has to end before its caller may go on.
        if (method === 'distill') patience = this.killUnlessEnded();
        else reject(new CallCancelledError());
      };
      const settle = (): void => {
        clearTimeout(patience);
        signal?.removeEventListener('abort', cancel);
      };
      if (this.pending.size === 0) this.watchdog.sign();
      this.pending.add({
        id,
        method,
        onProgress: (progress: never) => {
          if (signal?.aborted !== true) this.tell(onProgress, progress);
        },
        resolve: (result: never) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.send({ id, method, params });
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  private killUnlessEnded(): NodeJS.Timeout {
    return setTimeout(() => {
      this.kill(
        new CallCancelledError('The step was cancelled, and its trainer ended because it did not let go in time.'),
      );
    }, this.limits.cancelMs);
  }

  private send(request: { readonly id: number; readonly method: TrainerMethod; readonly params: unknown }): void {
    if (this.isUsable) this.link.write(`${JSON.stringify(request)}\n`);
  }

  private read(open: OpenTrainerLink): TrainerLink {
    const events = new LineDecoder();
    const logs = new LineDecoder();
    return open({
      onOutput: (chunk) => {
        for (const line of this.decode(events, chunk)) this.receive(line);
      },
      onLog: (chunk) => {
        for (const line of this.decode(logs, chunk)) this.log(line);
      },
    });
  }

  private decode(decoder: LineDecoder, chunk: Uint8Array): string[] {
    try {
      return decoder.push(chunk);
    } catch (error) {
      const message = 'The trainer sent a line that is too long and was ended; the next request starts it again.';
      this.kill(new ClaasError('trainer_protocol', message, {}, { cause: error }));
      return [];
    }
  }

  private receive(line: string): void {
    const event = parseEvent(line);
    if (event === null) {
      const message = 'The trainer wrote a line to its stdout that is no event; it was ignored.';
      this.onLog({ level: 'warn', message, fields: { line: line.slice(0, KEPT_LOG_CHARACTERS) } });
      return;
    }
    const method = this.pending.accept(event);
    if (method === 'load' && 'result' in event) this.hasLoaded = true;
    // A trainer whose step is stuck may well tell its status.
    if (method !== null && method !== 'status') this.watchdog.sign();
  }

  /** A caller that can't take its progress must not take the others' with it. */
  private tell<T>(onProgress: ((progress: T) => void) | undefined, progress: T): void {
    try {
      onProgress?.(progress);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.onLog({ level: 'error', message: 'A listener to progress failed.', fields: { reason } });
    }
  }

  private log(line: string): void {
    this.lastLogLines.push(line.slice(0, KEPT_LOG_CHARACTERS));
    if (this.lastLogLines.length > KEPT_LOG_LINES) this.lastLogLines.shift();
    this.onLog(parseLogLine(line));
  }

  private async awaitEnd(): Promise<void> {
    const end = await this.link.ended;
    this.watchdog.stop();
    this.end ??= this.causeOfDeath(end);
    this.pending.failAll(this.end);
  }

  private causeOfDeath(end: TrainerEnd): ClaasError {
    if (end instanceof ClaasError) return end;
    if (end instanceof Error) return new TrainerFailedToStartError(this.name, end);
    const exit = { ...end, lastLogLines: this.lastLogLines };
    return this.hasLoaded ? new TrainerCrashedError(exit) : new TrainerFailedToStartError(this.name, exit);
  }
}
