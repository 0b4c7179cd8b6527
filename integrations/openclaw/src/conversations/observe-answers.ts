import type { AgentContext, LlmOutput } from '../host/openclaw-api.js';
import type { Answer } from './conversation.js';
import type { ConversationMemory } from './conversation-memory.js';
import { keyOfAnswer } from './conversation-key.js';

/**
 * Remembers the newest answer of each conversation. An answer of another provider is remembered as none, so that
 * feedback on it never goes to an older answer; what a heartbeat or a schedule made is not an answer to anybody.
 */
export async function observeAnswer(
  memory: ConversationMemory,
  provider: string,
  output: LlmOutput,
  context: AgentContext,
): Promise<void> {
  if (context.trigger !== undefined && context.trigger !== 'user') return;
  const answer = output.provider === provider ? answerOf(output) : null;
  await memory.change(keyOfAnswer(context), (conversation) => ({ ...conversation, answer }));
}

/** Null for an attempt that ended without an answer. */
function answerOf({ model, lastAssistant }: LlmOutput): Answer | null {
  if (typeof lastAssistant !== 'object' || lastAssistant === null || !('responseId' in lastAssistant)) return null;
  const { responseId } = lastAssistant;
  return typeof responseId === 'string' && responseId !== '' ? { completionId: responseId, model } : null;
}
