import type { Rollout } from '@claas/contracts';
import type { ContextEncoder } from './context-encoder.js';
import { renderContext } from './render-context.js';

/**
 * Token ids of what the student was asked: exactly those of the interaction where they are known,
 * otherwise the conversation as it was sent, rendered with the same thinking switch.
 */
export function studentContext(
  template: ContextEncoder,
  rollout: Pick<Rollout, 'promptTokenIds' | 'conversation' | 'templateOptions'>,
): readonly number[] {
  return rollout.promptTokenIds ?? renderContext(template, rollout.conversation, rollout.templateOptions);
}
