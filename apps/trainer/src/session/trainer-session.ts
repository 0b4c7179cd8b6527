import { ClaasError } from '@claas/contracts';
import type { TrainerStatus } from '@claas/contracts';
import { AcceleratorLock } from '../accelerator/accelerator-lock.js';
import type { TrainerSettings } from '../environment/trainer-settings.js';
import type { LoadedModel } from './loaded-model.js';

/** They decode in one batch, at hardly more cost than one of them; but each holds a key/value cache. */
const MAX_ANSWERS_AT_ONCE = 4;

/** What the process holds between requests: who may compute, and the one base model. */
export class TrainerSession {
  readonly accelerator = new AcceleratorLock(MAX_ANSWERS_AT_ONCE);
  private loaded: LoadedModel | null = null;

  constructor(readonly settings: TrainerSettings) {}

  /** The base model, once it is loaded. */
  get model(): LoadedModel | null {
    return this.loaded;
  }

  hold(model: LoadedModel): void {
    this.loaded = model;
  }

  /** @throws ClaasError `trainer_protocol` before `load`, `base_model_not_allowed` when `baseModel` is another one */
  requireModel(baseModel?: string): LoadedModel {
    if (this.loaded === null) {
      throw new ClaasError('trainer_protocol', 'No base model is loaded yet; send `load` first.');
    }
    if (baseModel !== undefined && baseModel !== this.loaded.baseModel) {
      throw new ClaasError(
        'base_model_not_allowed',
        `This trainer holds the base model ${this.loaded.baseModel}, not ${baseModel}.`,
        { base_model: baseModel, loaded: this.loaded.baseModel },
      );
    }
    return this.loaded;
  }

  status(): TrainerStatus {
    const backend = this.loaded?.model.backend.description;
    return {
      processId: process.pid,
      tensorBackend: backend?.name ?? 'none',
      tensorBackendNote: backend?.note ?? null,
      baseModel: this.loaded?.baseModel ?? null,
      parameters: this.loaded?.model.parameters ?? null,
      contextLength: this.loaded?.model.contextLength ?? null,
      residentBytes: process.memoryUsage.rss(),
      peakResidentBytes: process.resourceUsage().maxRSS * 1024,
      busy: this.accelerator.isBusy,
    };
  }
}
