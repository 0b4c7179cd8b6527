import type { LearningReceipt } from '../engine/learning-receipt.js';
import type { StepMetrics } from '../engine/step-metrics.js';
import type { AdapterId } from './adapter-id.js';

/** The seven linear modules that an adapter may change, in the order of a decoder layer. */
export const LORA_MODULES = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type LoraModule = (typeof LORA_MODULES)[number];

/** What the weights of an adapter are, the same in all of its versions. */
export interface AdapterShape {
  readonly baseModel: string;
  readonly rank: number;
  readonly loraAlpha: number;
  readonly targetModules: readonly LoraModule[];
}

/** Why a version exists. */
export type VersionOrigin = 'init' | 'feedback' | 'distill' | 'import';

/** What whoever creates a version says of it; the store adds numbers, times and checksums. */
export interface NewVersion extends AdapterShape {
  readonly origin: VersionOrigin;
  /** The feedback that this version learned from; the exactly-once check looks here. Null when there was none. */
  readonly feedbackId: string | null;
  readonly metrics: StepMetrics | null;
  readonly receipt: LearningReceipt | null;
  /** What an untrained adapter's A was drawn with; missing for every other origin. */
  readonly seed?: number;
}

export interface VersionFile {
  /** Path relative to the version's directory. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The complete description of one immutable version, written last. */
export interface VersionManifest extends NewVersion {
  readonly format: 1;
  readonly loraId: AdapterId;
  readonly version: number;
  readonly parent: number | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly files: readonly VersionFile[];
}

/** One version that can be read: its files lie in `directory` and never change. */
export interface AdapterVersion {
  readonly manifest: VersionManifest;
  /** Absolute path: `adapter_config.json`, `adapter_model.safetensors`, and `optimizer.safetensors` after a step. */
  readonly directory: string;
}

export interface AdapterSummary {
  readonly loraId: AdapterId;
  readonly aliases: readonly string[];
  readonly head: VersionManifest;
  readonly createdAt: string;
  /** When the head last moved. */
  readonly updatedAt: string;
}
