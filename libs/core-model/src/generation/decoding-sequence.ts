import type { LoraAdapter } from '../lora/lora-adapter.js';
import type { KeyValueCache } from './key-value-cache.js';

/** One sequence of a batch: what it has been through and whose weights it goes on with. */
export interface DecodingSequence {
  readonly cache: KeyValueCache;
  /** Null: the base model. */
  readonly adapter: LoraAdapter | null;
}
