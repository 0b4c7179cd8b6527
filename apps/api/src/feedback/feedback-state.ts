/**
 * Where a feedback stands, one word for each arrow of its transaction.
 * `queued` → `training` → `committed` → `published` → `verified`, or out of it to `failed` (nothing changed)
 * or `rolled_back` (a version was made, could not be served, and its parent is served again).
 */
export const FEEDBACK_STATES = [
  'queued',
  'training',
  'committed',
  'published',
  'verified',
  'failed',
  'rolled_back',
] as const;

export type FeedbackState = (typeof FEEDBACK_STATES)[number];
