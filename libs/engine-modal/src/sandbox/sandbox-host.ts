import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AlreadyExistsError, NotFoundError } from 'modal';
import type { App, Image, ModalClient, Sandbox, Volume } from 'modal';
import { atModal, modalError, ModalUnavailableError } from '../errors/modal-errors.js';
import { MOUNT_PATH, TRAINER_PROGRAM } from './sandbox-settings.js';
import type { SandboxSettings } from './sandbox-settings.js';

/** Modal's own limit of a Sandbox's life. */
const LIFETIME_MS = 24 * 3600 * 1000;
const NAME_TAKEN_TRIES = 20;
const NAME_TAKEN_PAUSE_MS = 500;

/** What a Sandbox is created from, looked up by name. */
export interface ModalObjects {
  readonly app: App;
  readonly image: Image;
  readonly volume: Volume;
}

/**
 * The one Sandbox of this deployment: found again by its name after a restart of the service, created when there is none,
 * replaced when it was made from another configuration. Others with the deployment's tag are orphans and are ended.
 */
export class SandboxHost {
  constructor(
    private readonly client: ModalClient,
    private readonly settings: SandboxSettings,
    /** Longest wait for a GPU. */
    private readonly schedulingMs: number,
  ) {}

  get name(): string {
    return `claas-trainer-${this.settings.owner}`;
  }

  /** @throws ModalUnavailableError that says which of them is missing */
  async lookUp(): Promise<ModalObjects> {
    const { app, image, volume, environment } = this.settings;
    const where = environment === null ? {} : { environment };
    return {
      app: await atModal(`looking up the App ${app}`, () =>
        this.client.apps.fromName(app, { ...where, createIfMissing: true }),
      ),
      image: await this.findImage(image, where),
      volume: await atModal(`looking up the Volume ${volume}`, () =>
        this.client.volumes.fromName(volume, { ...where, createIfMissing: true, version: 2 }),
      ),
    };
  }

  /** The Sandbox that is warm, or null; one of another configuration doesn't count. */
  async find(objects: ModalObjects): Promise<Sandbox | null> {
    const sandbox = await this.named();
    if (sandbox === null) return null;
    const [tags, ended] = await Promise.all([sandbox.getTags(), sandbox.poll()]);
    return ended === null && tags['configuration'] === this.configuration(objects) ? sandbox : null;
  }

  /**
   * The Sandbox that is warm, or a new one. `beforeCreation` runs only before a new one is rented.
   * @throws ModalUnavailableError
   */
  async acquire(beforeCreation: (objects: ModalObjects) => Promise<void>): Promise<Sandbox> {
    const objects = await this.lookUp();
    return atModal(`starting a Sandbox with ${this.settings.gpu}`, async () => {
      const warm = await this.find(objects);
      await this.endOthers(objects.app, warm);
      if (warm !== null) return warm;
      await beforeCreation(objects);
      return this.create(objects);
    });
  }

  /** Ends a Sandbox; one that is gone is fine. */
  async end(sandbox: Sandbox): Promise<void> {
    await sandbox.terminate().catch(() => undefined);
    sandbox.detach();
  }

  private async findImage(image: string, where: { environment?: string }): Promise<Image> {
    try {
      return await this.client.images.fromName(image, where);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw modalError(error, `looking up the image ${image}`);
      throw new ModalUnavailableError(
        `The image ${image} is not published in the workspace: build it with tools/modal-deploy (docs/modal.md), or set CLAAS_MODAL_IMAGE to one that is.`,
        error,
      );
    }
  }

  private async named(): Promise<Sandbox | null> {
    const { app, environment } = this.settings;
    try {
      return await this.client.sandboxes.fromName(app, this.name, environment === null ? {} : { environment });
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }

  /** Everything of this deployment's but `kept`: of another configuration, or left by a start that was interrupted. */
  private async endOthers(app: App, kept: Sandbox | null): Promise<void> {
    const tags = { claas: 'trainer', owner: this.settings.owner };
    for await (const sandbox of this.client.sandboxes.list({ appId: app.appId, tags })) {
      if (sandbox.sandboxId !== kept?.sandboxId) await this.end(sandbox);
    }
  }

  private async create(objects: ModalObjects): Promise<Sandbox> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.createWithin(objects);
      } catch (error) {
        // The name is free again only once the Sandbox that had it has ended.
        if (!(error instanceof AlreadyExistsError) || attempt >= NAME_TAKEN_TRIES) throw error;
        await pause(NAME_TAKEN_PAUSE_MS);
      }
    }
  }

  private async createWithin(objects: ModalObjects): Promise<Sandbox> {
    const { gpu, idleMs, owner } = this.settings;
    const creation = this.client.sandboxes.create(objects.app, objects.image, {
      gpu,
      name: this.name,
      tags: { claas: 'trainer', owner, configuration: this.configuration(objects) },
      command: ['sleep', 'infinity'],
      volumes: { [MOUNT_PATH]: objects.volume },
      timeoutMs: LIFETIME_MS,
      idleTimeoutMs: Math.max(1000, Math.ceil(idleMs / 1000) * 1000),
    });
    const abort = new AbortController();
    const late = pause(this.schedulingMs, null, { signal: abort.signal }).catch(() => null);
    const sandbox = await Promise.race([creation, late]).finally(() => {
      abort.abort();
    });
    if (sandbox !== null) return sandbox;
    // It may still be scheduled, and would then cost money with nobody to use it.
    const queued = await this.named();
    if (queued !== null) await this.end(queued);
    void creation.then((found) => this.end(found)).catch(() => undefined);
    throw new ModalUnavailableError(
      `Modal had no ${gpu} free within ${this.schedulingMs / 1000} s. Try again later, or set CLAAS_MODAL_GPU to another GPU.`,
    );
  }

  /** Changes with whatever a Sandbox can't change after its creation. */
  private configuration({ image, volume }: ModalObjects): string {
    const parts = [
      image.imageId,
      volume.volumeId,
      this.settings.gpu,
      this.settings.idleMs,
      MOUNT_PATH,
      TRAINER_PROGRAM,
    ];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  }
}
