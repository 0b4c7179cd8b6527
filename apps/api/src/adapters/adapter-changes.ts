import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { AdapterStore, ClaasError, parseAdapterId, ServingControl } from '@claas/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { AdapterLocks } from '../feedback/adapter-locks.js';
import { LOGGER } from '../logging/create-logger.js';
import type { AdapterDeletedDto, AdapterRolledBackDto } from './rollback-adapter.dto.js';

/** What moves or removes an adapter by a client's wish; never while a step on it is being saved and published. */
@Injectable()
export class AdapterChanges {
  constructor(
    @Inject(AdapterStore) private readonly store: AdapterStore,
    @Inject(ServingControl) private readonly serving: ServingControl,
    @Inject(AdapterLocks) private readonly locks: AdapterLocks,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The head on `version`, and the server answering with it; if the server can't, the head goes back. */
  async rollback(id: string, version: number): Promise<OnTheWire<AdapterRolledBackDto>> {
    const loraId = await this.store.resolve(id);
    return this.locks.run(loraId, async () => {
      const previous = (await this.store.read(loraId)).manifest.version;
      const { directory } = await this.store.rollback(loraId, version);
      try {
        await this.serving.publish({ loraId, version, directory });
      } catch (error) {
        await this.store.rollback(loraId, previous);
        throw error;
      }
      this.logger.info({ lora_id: loraId, version, previous_version: previous }, 'adapter rolled back');
      return { lora_id: loraId, version, previous_version: previous };
    });
  }

  /** An adapter goes with its versions and aliases, an alias goes alone. */
  async remove(id: string): Promise<OnTheWire<AdapterDeletedDto>> {
    const name = parseAdapterId(id);
    const loraId = await this.store.resolve(name).catch(notFoundAsNull);
    if (loraId === null) return { deleted: false };
    if (loraId !== name) return { deleted: await this.store.remove(name) };
    return this.locks.run(loraId, async () => {
      const deleted = await this.store.remove(loraId);
      await this.serving.retract(loraId);
      this.logger.info({ lora_id: loraId, deleted }, 'adapter removed');
      return { deleted };
    });
  }
}

function notFoundAsNull(error: unknown): null {
  if (error instanceof ClaasError && error.code === 'adapter_not_found') return null;
  throw error;
}
