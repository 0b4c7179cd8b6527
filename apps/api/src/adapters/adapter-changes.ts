import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { AdapterStore, ClaasError, parseAdapterId, ServingControl, type AdapterId } from '@claas/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { AdapterNames } from '../backends/adapter-names.js';
import { LOGGER } from '../logging/create-logger.js';
import { AcceleratorLease } from '../replicas/accelerator-lease.js';
import { AdapterLocks } from '../replicas/adapter-locks.js';
import { SharedServing } from '../replicas/shared-serving.js';
import type { AdapterDeletedDto, AdapterRolledBackDto } from './rollback-adapter.dto.js';

/** What moves or removes an adapter by a client's wish; never while a step on it is being saved and published. */
@Injectable()
export class AdapterChanges {
  constructor(
    @Inject(AdapterStore) private readonly store: AdapterStore,
    @Inject(ServingControl) private readonly serving: ServingControl,
    @Inject(AdapterLocks) private readonly locks: AdapterLocks,
    @Inject(AcceleratorLease) private readonly lease: AcceleratorLease,
    @Inject(SharedServing) private readonly shared: SharedServing,
    @Inject(AdapterNames) private readonly names: AdapterNames,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The head on `version`, and the server answering with it; if the server can't, the head goes back. */
  async rollback(id: string, version: number): Promise<OnTheWire<AdapterRolledBackDto>> {
    const loraId = await this.store.resolve(id);
    return this.alone(loraId, async () => {
      await this.shared.catchUp();
      const previous = (await this.store.read(loraId)).manifest.version;
      const { directory } = await this.store.rollback(loraId, version);
      try {
        await this.serving.publish({ loraId, version, directory });
        this.shared.expect(loraId, version);
      } catch (error) {
        await this.store.rollback(loraId, previous);
        throw error;
      }
      await this.shared.announce(loraId, version, null);
      this.logger.info({ lora_id: loraId, version, previous_version: previous }, 'adapter rolled back');
      return { lora_id: loraId, version, previous_version: previous };
    });
  }

  /** An adapter goes with its versions and aliases, an alias goes alone. */
  async remove(id: string): Promise<OnTheWire<AdapterDeletedDto>> {
    const name = parseAdapterId(id);
    const loraId = await this.store.resolve(name).catch(notFoundAsNull);
    if (loraId === null) return { deleted: false };
    if (loraId !== name) {
      const deleted = await this.store.remove(name);
      this.names.forget();
      return { deleted };
    }
    return this.alone(loraId, async () => {
      const deleted = await this.store.remove(loraId);
      this.names.forget();
      await this.serving.retract(loraId);
      await this.shared.announce(loraId, null, null);
      this.logger.info({ lora_id: loraId, deleted }, 'adapter removed');
      return { deleted };
    });
  }

  /** While a server sleeps for a step it can't be told of versions, and whoever steps counts on the head. */
  private alone<Result>(loraId: AdapterId, work: () => Promise<Result>): Promise<Result> {
    const locked = (): Promise<Result> => this.locks.run(loraId, work);
    return this.serving.capabilities.releasesAccelerator ? this.lease.run(locked) : locked();
  }
}

function notFoundAsNull(error: unknown): null {
  if (error instanceof ClaasError && error.code === 'adapter_not_found') return null;
  throw error;
}
