import type { DistillationEngine } from '../engine/distillation-engine.js';

/** An engine to be held to the contract, with a base model that it can hold. */
export interface DistillationEngineSubject {
  readonly engine: DistillationEngine;
  readonly baseModel: string;
  /** Ends whatever computes for the engine, as a crash would. */
  readonly crash: () => void;
  /** Keeps whatever computes for the engine from doing anything, without ending it. The engine is made with a patience of seconds. */
  readonly hang: () => void;
  readonly close: () => Promise<void>;
  /** An engine that keeps optimizer state elsewhere has this file instead, which says where: another place for each step. */
  readonly referenceFile?: string;
}

/** What it guarantees; a case that it can't meet is opted out of by name. */
export type DistillationEngineCase =
  | 'writes an untrained adapter that it can read: the same seed gives the same bytes'
  | 'refuses to write an adapter of another base model'
  | 'refuses a foreign adapter with damaged weights'
  | 'prepares the tokens that a step then learns from'
  | 'refuses what can not be learned from, before and in a step'
  | 'takes a step that closes the gap, and leaves a complete new version'
  | 'leaves the parent as it was'
  | 'gives the same bytes for the same task'
  | 'continues from a version that it made'
  | 'tells how far it is'
  | 'refuses at once what is already cancelled'
  | 'ends a cancelled step, and has nothing left of it'
  | 'orders steps that overlap, without mixing them'
  | 'reports a crash in the middle of a step, and works at the next call'
  | 'reports a hang in the middle of a step, and works at the next call';
