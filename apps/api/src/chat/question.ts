import type { ChatTemplateOptions } from '@claas/contracts';
import type { Question } from './answers.js';
import type { ChatCompletionRequestDto, ChatTemplateKwargsDto } from './chat-completion-request.dto.js';
import { toConversation } from './chat-message.dto.js';
import { newCompletionId } from './completion-id.js';
import type { CompletionRequestDto } from './completion-request.dto.js';
import { chatSampling, completionSampling } from './sampling.js';

export function questionOfChat(request: ChatCompletionRequestDto): Question {
  const conversation = toConversation(request.messages);
  const templateOptions = toTemplateOptions(request.chat_template_kwargs);
  return {
    completionId: newCompletionId('chatcmpl'),
    model: request.model,
    conversation,
    templateOptions,
    generation: {
      prompt: { kind: 'messages', messages: conversation, templateOptions },
      sampling: chatSampling(request),
    },
  };
}

/** A plain prompt is kept as one user message, which is what a teacher then sees. */
export function questionOfCompletion(request: CompletionRequestDto): Question {
  const text = [request.prompt].flat().join('');
  return {
    completionId: newCompletionId('cmpl'),
    model: request.model,
    conversation: [{ role: 'user', content: text }],
    templateOptions: toTemplateOptions(null),
    generation: { prompt: { kind: 'text', text }, sampling: completionSampling(request) },
  };
}

export function toTemplateOptions(kwargs: ChatTemplateKwargsDto | null | undefined): ChatTemplateOptions {
  return { enableThinking: kwargs?.enable_thinking ?? null };
}
