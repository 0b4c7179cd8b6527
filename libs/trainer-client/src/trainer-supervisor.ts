import { ClaasError, TrainerChannel } from '@claas/contracts';
import type {
  LoadProgress,
  TrainerCallOptions,
  TrainerHealth,
  TrainerMethod,
  TrainerMethods,
  TrainerStatus,
} from '@claas/contracts';
import { abortable } from './abortable.js';
import { StartBackoff } from './start-backoff.js';
import { TrainerConnection } from './trainer-connection.js';
import { CallCancelledError } from './trainer-errors.js';
import { DEFAULT_TRAINER_LIMITS } from './trainer-limits.js';
import type { TrainerLimits } from './trainer-limits.js';
import type { OpenTrainerLink } from './trainer-link.js';
import type { TrainerLogRecord } from './trainer-log.js';

export interface TrainerSupervision {
  /** What is started, for messages. */
  readonly name: string;
  readonly open: OpenTrainerLink;
  /** Loaded after each start: a directory or a Hugging Face id, and the name that adapters know it by. */
  readonly model: TrainerMethods['load']['params'];
  readonly limits?: Partial<TrainerLimits>;
  readonly onLog?: (record: TrainerLogRecord) => void;
  readonly onLoadProgress?: (progress: LoadProgress) => void;
  /** Told when the trainer was ended because nobody asked for anything; the next start waits for it. */
  readonly onIdle?: () => Promise<void>;
}

/** A start that is under way or done, with what loading the model gave. */
interface Start {
  readonly connection: TrainerConnection;
  readonly loaded: Promise<TrainerStatus>;
}

/**
 * Supervises one trainer: starts it on demand, loads the base model, watches its progress, and starts it again after a
 * crash. Where it runs is the matter of whoever gives `open`.
 */
export class TrainerSupervisor extends TrainerChannel {
  private readonly limits: TrainerLimits;
  private readonly backoff: StartBackoff;
  private current: Start | null = null;
  private stopping: Promise<void> | null = null;
  private lastStatus: TrainerStatus | null = null;
  private activeCalls = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: TrainerSupervision) {
    super();
    this.limits = { ...DEFAULT_TRAINER_LIMITS, ...options.limits };
    this.backoff = new StartBackoff(this.limits.backoffMs, this.limits.maxBackoffMs);
  }

  /** Of the running process; null when there is none. */
  get processId(): number | null {
    return this.current?.connection.isUsable === true ? this.current.connection.processId : null;
  }

  override async call<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    options: TrainerCallOptions<M> = {},
  ): Promise<TrainerMethods[M]['result']> {
    this.activeCalls += 1;
    clearTimeout(this.idleTimer);
    try {
      const connection = await abortable(this.ready(), options.signal);
      return await connection.request(method, params, options);
    } finally {
      this.activeCalls -= 1;
      this.stopWhenIdle();
    }
  }

  /** Starts the process and loads the model if that isn't done; the model's status. */
  async start(): Promise<TrainerStatus> {
    await this.ready();
    return this.call('status', {});
  }

  override async health(): Promise<TrainerHealth> {
    const problem = this.backoff.problem?.message ?? null;
    if (this.current?.connection.isUsable !== true) return { running: false, problem, status: null };
    const { connection, loaded } = this.current;
    const answer = loaded.then(() => connection.request('status', {})).catch(() => null);
    const status = await Promise.race([answer, waitFor(this.limits.statusMs)]);
    this.lastStatus = status ?? this.lastStatus;
    return { running: true, problem, status: this.lastStatus };
  }

  /** Ends the process, which gives its memory back; what runs fails with `cancelled`. The next call starts it again. */
  async stop(): Promise<void> {
    clearTimeout(this.idleTimer);
    await this.stopThen(() => Promise.resolve());
  }

  /** Ends the process for good: later calls fail with `cancelled`. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.stop();
  }

  private async ready(): Promise<TrainerConnection> {
    while (this.stopping !== null) await this.stopping;
    await this.buryTheDead();
    if (this.isClosed) throw new CallCancelledError('The service is stopping, and its trainer was ended.');
    this.current ??= this.begin();
    const { connection, loaded } = this.current;
    await loaded;
    return connection;
  }

  /** Two trainers never live at the same time: the memory of one may be all that there is. */
  private async buryTheDead(): Promise<void> {
    while (this.current?.connection.isUsable === false) {
      const dead = this.current;
      await dead.connection.ended;
      if (this.current === dead) this.current = null;
    }
  }

  private begin(): Start {
    this.backoff.check();
    const { options, limits } = this;
    this.lastStatus = null;
    const connection = new TrainerConnection(options.name, options.open, limits, (record) => options.onLog?.(record));
    const loaded = this.load(connection);
    // Each caller awaits it for itself; this keeps a failure without callers from being an unhandled rejection.
    loaded.catch(() => undefined);
    return { connection, loaded };
  }

  private async load(connection: TrainerConnection): Promise<TrainerStatus> {
    try {
      const { model, onLoadProgress } = this.options;
      this.lastStatus = await connection.request('load', model, onLoadProgress && { onProgress: onLoadProgress });
      this.backoff.succeeded();
      return this.lastStatus;
    } catch (error) {
      const cause = ClaasError.from(error);
      if (cause.code !== 'cancelled') this.backoff.failed(cause);
      connection.kill(cause);
      await connection.ended;
      throw cause;
    }
  }

  private stopThen(after: () => Promise<void>): Promise<void> {
    this.stopping ??= this.stopCurrent()
      .then(after)
      .finally(() => {
        this.stopping = null;
      });
    return this.stopping;
  }

  private async stopCurrent(): Promise<void> {
    const current = this.current;
    await current?.connection.stop();
    if (this.current === current) this.current = null;
  }

  private stopWhenIdle(): void {
    if (this.limits.idleMs === null || this.activeCalls > 0 || this.isClosed) return;
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => {
      if (this.activeCalls === 0) void this.stopThen(() => this.options.onIdle?.() ?? Promise.resolve());
    }, this.limits.idleMs).unref();
  }
}

function waitFor(milliseconds: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds, null).unref();
  });
}
