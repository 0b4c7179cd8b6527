import { ClaasError } from './claas-error.js';

export class AdapterNotFoundError extends ClaasError {
  constructor(readonly loraId: string) {
    super(
      'adapter_not_found',
      `LoRA not found: ${loraId}. GET /v1/lora lists the adapters; POST /v1/lora/init creates one.`,
      {
        lora_id: loraId,
      },
    );
  }
}

export class AdapterVersionNotFoundError extends ClaasError {
  constructor(
    readonly loraId: string,
    readonly version: number,
  ) {
    super(
      'adapter_version_not_found',
      `LoRA ${loraId} has no version ${version}. GET /v1/lora/versions?lora_id=${loraId} lists those that are kept.`,
      { lora_id: loraId, version },
    );
  }
}

export class AdapterExistsError extends ClaasError {
  constructor(readonly loraId: string) {
    super(
      'adapter_exists',
      `LoRA ${loraId} exists already and is never overwritten. Choose another id, or DELETE it first.`,
      {
        lora_id: loraId,
      },
    );
  }
}

export class AdapterIdInvalidError extends ClaasError {
  constructor(
    readonly text: string,
    readonly rule: string,
  ) {
    super('adapter_id_invalid', `Not an adapter id: ${JSON.stringify(text.slice(0, 80))}. ${rule}`, { rule });
  }
}

/**
 * Ids and aliases have places of their own, and none lies inside another: `a/b` is a directory of files and can't hold `a/b/c`.
 */
export class AdapterIdConflictError extends ClaasError {
  constructor(
    readonly loraId: string,
    readonly other: string,
  ) {
    super(
      'adapter_id_conflict',
      `LoRA id ${loraId} collides with ${other}: each id and alias has a place of its own, and none lies inside another. Choose another id.`,
      {
        lora_id: loraId,
        other,
      },
    );
  }
}

/** The head moved since the step began: committing would silently drop the newer version. */
export class StaleParentError extends ClaasError {
  constructor(
    readonly loraId: string,
    readonly parent: number,
    readonly head: number,
  ) {
    super(
      'stale_parent',
      `LoRA ${loraId} moved on to version ${head} while a step from version ${parent} ran. Nothing was saved; send the feedback again.`,
      {
        lora_id: loraId,
        parent,
        head,
      },
    );
  }
}

/** Another step has claimed the adapter's next version since this one did: it continues what this one began. */
export class StaleClaimError extends ClaasError {
  constructor(readonly loraId: string) {
    super(
      'stale_parent',
      `Another step of LoRA ${loraId} began while this one stood still. Nothing was saved; send the feedback again.`,
      { lora_id: loraId },
    );
  }
}

export class AdapterArchiveInvalidError extends ClaasError {
  constructor(reason: string) {
    super('adapter_archive_invalid', `The archive can't be imported: ${reason}`);
  }
}

export class AdapterCorruptError extends ClaasError {
  constructor(
    readonly loraId: string,
    readonly version: number,
    reason: string,
  ) {
    super(
      'adapter_corrupt',
      `Version ${version} of LoRA ${loraId} is damaged (${reason}). Roll back to another version, or import a copy.`,
      {
        lora_id: loraId,
        version,
      },
    );
  }
}
