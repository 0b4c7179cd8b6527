import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ExecProcess } from './exec-process.js';
import { filesBelow } from './mounted-volumes.js';
import { PathMapping } from './path-mapping.js';
import type { VolumeContents } from './volume-contents.js';

export interface SandboxDefinition {
  readonly appId: string;
  readonly name: string;
  readonly imageId: string;
  readonly gpu: string | null;
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly mounts: readonly { readonly volumeId: string; readonly mountPath: string }[];
  readonly timeoutSecs: number;
  readonly idleTimeoutSecs: number;
  readonly ports: readonly number[];
}

/** What every Sandbox's image holds: directories of this machine by their path in the image, and variables. */
export interface ImageContents {
  readonly files: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** `GenericStatus` of Modal's API. */
export enum ResultStatus {
  Success = 1,
  Failure = 2,
  Terminated = 3,
  Timeout = 4,
}

export interface SandboxResult {
  readonly status: ResultStatus;
  readonly exitcode: number;
  readonly exception: string;
}

/** One Sandbox: a directory that stands for its file system, the Volumes in it, and processes of this machine. */
export class SandboxMachine {
  readonly execs = new Map<string, ExecProcess>();
  tags: Readonly<Record<string, string>>;
  result: SandboxResult | null = null;
  /** Resolves with how it ended. */
  readonly ended: Promise<SandboxResult>;
  private readonly paths: PathMapping;
  private readonly committed = new Map<string, ReadonlySet<string>>();
  private entrypoint: ExecProcess | null = null;
  private idleTimer: NodeJS.Timeout | undefined;
  private lifeTimer: NodeJS.Timeout | undefined;
  private settle: (result: SandboxResult) => void = () => undefined;

  constructor(
    readonly id: string,
    readonly definition: SandboxDefinition,
    tags: Readonly<Record<string, string>>,
    readonly createdAt: number,
    private readonly directory: string,
    private readonly image: ImageContents,
    private readonly volumes: VolumeContents,
  ) {
    this.tags = tags;
    this.paths = new PathMapping({
      ...image.files,
      '/tmp': join(directory, 'tmp'),
      ...Object.fromEntries(definition.mounts.map(({ mountPath }) => [mountPath, this.mountDirectory(mountPath)])),
    });
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get taskId(): string {
    return `ta-${this.id}`;
  }

  /** Where a Volume is mounted, on this machine. */
  mountDirectory(mountPath: string): string {
    return join(this.directory, 'mounts', mountPath.replaceAll('/', '_'));
  }

  /** Mounts, and starts the entrypoint; the Sandbox lives until that ends, or a limit of time is reached. */
  async boot(): Promise<void> {
    await mkdir(join(this.directory, 'tmp'), { recursive: true });
    await this.reload();
    const { entrypoint, timeoutSecs } = this.definition;
    if (entrypoint.length > 0) {
      this.entrypoint = this.spawn(entrypoint, {}, this.definition.workdir);
      void this.entrypoint.ended.then(({ code, signal }) => {
        const exitcode = code ?? 128 + (signal ?? 0);
        this.end({ status: exitcode === 0 ? ResultStatus.Success : ResultStatus.Failure, exitcode, exception: '' });
      });
    }
    if (timeoutSecs > 0) {
      this.lifeTimer = setTimeout(
        () => {
          this.end({ status: ResultStatus.Timeout, exitcode: 124, exception: 'Sandbox timed out' });
        },
        Math.min(timeoutSecs * 1000, MAX_TIMER_MS),
      ).unref();
    }
    this.watchIdleness();
  }

  exec(execId: string, argv: readonly string[], env: Readonly<Record<string, string>>, workdir: string): void {
    if (this.execs.has(execId)) return;
    const process_ = this.spawn(argv, env, workdir || this.definition.workdir);
    this.execs.set(execId, process_);
    clearTimeout(this.idleTimer);
    void process_.ended.then(() => {
      this.watchIdleness();
    });
  }

  /** Makes the mounts what their Volumes hold; what was written and not synced is lost. */
  async reload(): Promise<void> {
    for (const { volumeId, mountPath } of this.definition.mounts) {
      const directory = this.mountDirectory(mountPath);
      await mkdir(directory, { recursive: true });
      await this.volumes.checkout(volumeId, directory);
      this.committed.set(mountPath, await filesBelow(directory));
    }
  }

  /** `sync <mountpoint>`: the only commit that can be counted on. */
  async sync(mountPath: string): Promise<void> {
    const mount = this.definition.mounts.find((candidate) => candidate.mountPath === mountPath);
    if (mount === undefined) throw new Error(`nothing is mounted at ${mountPath}`);
    const directory = this.mountDirectory(mountPath);
    await this.volumes.commit(mount.volumeId, directory, this.committed.get(mountPath) ?? new Set());
    this.committed.set(mountPath, await filesBelow(directory));
  }

  /** Ends it with everything that runs in it; the first reason counts. */
  end(result: SandboxResult): void {
    if (this.result !== null) return;
    this.result = result;
    clearTimeout(this.idleTimer);
    clearTimeout(this.lifeTimer);
    for (const process_ of [this.entrypoint, ...this.execs.values()]) process_?.kill();
    this.settle(result);
  }

  /** Ends it, waits for its processes, and removes its file system. */
  async remove(): Promise<void> {
    this.end({ status: ResultStatus.Terminated, exitcode: 137, exception: '' });
    await Promise.all([this.entrypoint?.ended, ...[...this.execs.values()].map(({ ended }) => ended)]);
    await rm(this.directory, { recursive: true, force: true });
  }

  private spawn(argv: readonly string[], env: Readonly<Record<string, string>>, workdir: string): ExecProcess {
    const all = { ...this.image.environment, ...this.definition.env, ...env };
    const [program = '', ...args] = argv.map((argument) => this.paths.map(argument));
    return new ExecProcess({
      argv: [program === 'node' ? process.execPath : program, ...args],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.directory,
        TMPDIR: join(this.directory, 'tmp'),
        ...Object.fromEntries(Object.entries(all).map(([name, value]) => [name, this.paths.map(value)])),
      },
      workdir: workdir === '' ? this.directory : this.paths.map(workdir),
    });
  }

  private watchIdleness(): void {
    clearTimeout(this.idleTimer);
    const { idleTimeoutSecs } = this.definition;
    const isBusy = [...this.execs.values()].some(({ exit }) => exit === null);
    if (idleTimeoutSecs === 0 || isBusy || this.result !== null) return;
    this.idleTimer = setTimeout(() => {
      this.end({ status: ResultStatus.Terminated, exitcode: 137, exception: 'Sandbox was idle' });
    }, idleTimeoutSecs * 1000).unref();
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1;
