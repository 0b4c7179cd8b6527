import type { TextReplacement } from '../host/openclaw-api.js';

/**
 * Takes away what OpenClaw adds to a message before a model sees it: the block with internal context, the time, and
 * who wrote it. Large models make use of it; a small one answers it, and its adapter would learn it.
 */
export const PLAIN_PROMPTS: readonly TextReplacement[] = [
  { from: /<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>[\s\S]*?<<<END_OPENCLAW_INTERNAL_CONTEXT>>>/g, to: '' },
  { from: /^\[[^\]\n]*\d{2}:\d{2}[^\]\n]*\] /, to: '' },
  { from: /^Conversation info: ⟦openclaw:ctx⟧\n```json\n[\s\S]*?\n```\n\n/, to: '' },
];
