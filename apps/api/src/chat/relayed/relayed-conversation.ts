import type { ChatTemplateOptions, ConversationMessage } from '@claas/contracts';
import type { RelayBody } from '@claas/vllm-control';

/** What was asked, as far as a teacher can be shown it. */
export interface RelayedConversation {
  readonly messages: readonly ConversationMessage[];
  readonly templateOptions: ChatTemplateOptions;
}

/** Null for messages that are more than text (images, sound): no teacher here could see them. */
export function conversationOfChat(body: RelayBody): RelayedConversation | null {
  if (!Array.isArray(body['messages'])) return null;
  const messages: ConversationMessage[] = [];
  for (const message of body['messages'] as readonly Readonly<Record<string, unknown>>[]) {
    const content = textOf(message['content']);
    if (typeof message['role'] !== 'string' || content === null) return null;
    messages.push({ role: message['role'] === 'developer' ? 'system' : message['role'], content });
  }
  const kwargs = body['chat_template_kwargs'];
  const enableThinking = isObject(kwargs) ? kwargs['enable_thinking'] : undefined;
  return { messages, templateOptions: { enableThinking: typeof enableThinking === 'boolean' ? enableThinking : null } };
}

/** A plain prompt is one user message; of several prompts, `n` answers each, that of the choice. Null for token ids. */
export function conversationOfCompletion(body: RelayBody, choice: number): RelayedConversation | null {
  const { prompt, n } = body;
  const each = typeof n === 'number' && n > 0 ? n : 1;
  const text: unknown = Array.isArray(prompt) ? prompt[Math.floor(choice / each)] : prompt;
  if (typeof text !== 'string' || body['echo'] === true) return null;
  return { messages: [{ role: 'user', content: text }], templateOptions: { enableThinking: null } };
}

function textOf(content: unknown): string | null {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return null;
  const texts = content.map((part: unknown) => (isObject(part) && part['type'] === 'text' ? part['text'] : null));
  return texts.every((text) => typeof text === 'string') ? texts.join('') : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
