import { TrainerChannel } from '@claas/contracts';
import type { LoadProgress, TrainerCallOptions, TrainerHealth, TrainerMethod, TrainerMethods } from '@claas/contracts';
import { abortable, TrainerSupervisor } from '@claas/trainer-client';
import type { TrainerLogRecord } from '@claas/trainer-client';
import type { Sandbox } from 'modal';
import { atModal } from '../errors/modal-errors.js';
import { BaseModelFiles } from '../files/base-model-files.js';
import { RemoteDirectories } from '../files/remote-directories.js';
import type { VolumeTransfer } from '../files/volume-transfer.js';
import type { SandboxHost } from '../sandbox/sandbox-host.js';
import { ENGINE_FOLDER, MOUNT_PATH, TRAINER_PROGRAM } from '../sandbox/sandbox-settings.js';
import type { SandboxSettings } from '../sandbox/sandbox-settings.js';
import type { SandboxLimits } from './sandbox-limits.js';
import { SandboxLink } from './sandbox-link.js';
import { NAMED_DIRECTORIES, TranslatedCall } from './translated-call.js';
import type { Paths } from './translated-call.js';

export interface SandboxTrainerOptions {
  readonly host: SandboxHost;
  readonly settings: SandboxSettings;
  readonly transfer: VolumeTransfer;
  readonly limits: SandboxLimits;
  readonly baseModel: string;
  readonly model: { readonly directory: string } | { readonly hubId: string };
  readonly onLog?: (record: TrainerLogRecord) => void;
  readonly onLoadProgress?: (progress: LoadProgress) => void;
}

/**
 * The trainer in a Sandbox, as if it were here: directories of this machine become directories of the Volume on the way there,
 * and what it wrote is synced, brought back and checked before the call ends.
 */
export class SandboxTrainer extends TrainerChannel {
  private readonly directories: RemoteDirectories;
  private readonly baseModelFiles: BaseModelFiles;
  private readonly supervisor: Promise<TrainerSupervisor>;
  private supervisorNow: TrainerSupervisor | null = null;
  private link: SandboxLink | null = null;
  private begun: Promise<TrainerSupervisor> | null = null;
  private hasDownloaded = false;

  constructor(private readonly options: SandboxTrainerOptions) {
    super();
    const { settings, transfer, model } = options;
    this.directories = new RemoteDirectories(transfer, settings.owner, () => this.link?.place ?? null);
    this.baseModelFiles = new BaseModelFiles(model, transfer);
    this.supervisor = this.supervise();
    // Each call awaits it for itself.
    this.supervisor.catch(() => undefined);
  }

  /** The Sandbox that the trainer runs in; null when there is none. */
  get sandbox(): Sandbox | null {
    return this.link?.place ?? null;
  }

  override async call<M extends TrainerMethod>(
    method: M,
    params: TrainerMethods[M]['params'],
    options: TrainerCallOptions<M> = {},
  ): Promise<TrainerMethods[M]['result']> {
    const supervisor = await abortable(this.begin(), options.signal);
    const call = new TranslatedCall(this.directories, params as Paths, NAMED_DIRECTORIES[method] ?? []);
    try {
      const translated = await atModal('bringing an adapter to the Sandbox', () =>
        abortable(call.translate(), options.signal),
      );
      const onProgress = (progress: TrainerMethods[M]['progress']): void => {
        call.hasRead();
        options.onProgress?.(progress);
      };
      const result = await supervisor.call(method, translated as TrainerMethods[M]['params'], {
        ...options,
        onProgress,
      });
      await atModal('bringing the new version from the Sandbox', () => call.collect());
      return result;
    } catch (error) {
      await call.discard();
      throw error;
    } finally {
      call.end();
    }
  }

  override async health(): Promise<TrainerHealth> {
    return this.supervisorNow?.health() ?? { running: false, problem: null, status: null };
  }

  /** Goes on with the Sandbox that an earlier service left warm; false when there is none. */
  async attach(): Promise<boolean> {
    const { host } = this.options;
    const warm = await atModal('looking for a warm Sandbox', async () => host.find(await host.lookUp()));
    if (warm === null) return false;
    warm.detach();
    await this.call('status', {});
    return true;
  }

  /** Ends the trainer. Its Sandbox stays warm for the next service, until Modal ends it for being idle. */
  async close(): Promise<void> {
    await (await this.supervisor).close();
    this.link?.place?.detach();
  }

  private async supervise(): Promise<TrainerSupervisor> {
    const { host, settings, limits, baseModel, onLog, onLoadProgress } = this.options;
    const program = {
      acquire: () => host.acquire(() => this.baseModelFiles.provide()),
      release: (sandbox: Sandbox) => host.end(sandbox),
      command: ['node', TRAINER_PROGRAM],
      environment: {
        HF_HUB_CACHE: `${MOUNT_PATH}/${ENGINE_FOLDER}/hub`,
        ...settings.trainerEnvironment,
        CLAAS_TRAINER_SILENCE_LIMIT_S: String(limits.silenceMs / 1000),
        CLAAS_TRAINER_PROCESS_FILE: '/tmp/claas-trainer.process',
      },
      workdir: MOUNT_PATH,
    };
    this.supervisorNow = new TrainerSupervisor({
      name: `in a Modal Sandbox with ${settings.gpu}`,
      open: (streams) => (this.link = new SandboxLink(program, limits, streams)),
      model: { modelDirectory: await this.baseModelFiles.modelDirectory(), baseModel },
      limits: { ...limits, idleMs: settings.idleMs },
      ...(onLog && { onLog }),
      onLoadProgress: (progress) => {
        this.hasDownloaded ||= progress.phase === 'downloading';
        onLoadProgress?.(progress);
      },
      onIdle: async () => {
        const sandbox = this.sandbox;
        this.link = null;
        if (sandbox !== null) await host.end(sandbox);
      },
    });
    return this.supervisorNow;
  }

  /** Once: removes what an earlier service left, after its trainer is surely gone. */
  private begin(): Promise<TrainerSupervisor> {
    if (this.begun === null) {
      this.begun = this.supervisor.then(async (supervisor) => {
        await supervisor.start();
        await this.directories.clear();
        // A base model that was fetched is kept for the Sandboxes to come.
        if (this.hasDownloaded) await this.directories.sync();
        return supervisor;
      });
      this.begun.catch(() => {
        this.begun = null;
      });
    }
    return this.begun;
  }
}
