import { ClaasError, type ConversationMessage } from '@claas/contracts';
import { renderTeacherMessage } from './teacher-template.js';

/**
 * The conversation as the teacher sees it: the last user message carries the feedback, everything else stays as it was.
 * @throws ClaasError `request_invalid` when no message is the user's
 */
export function teacherConversation(
  conversation: readonly ConversationMessage[],
  feedback: string,
  template: string,
): ConversationMessage[] {
  const last = conversation.findLastIndex(({ role }) => role === 'user');
  if (last < 0) {
    throw new ClaasError(
      'request_invalid',
      'The conversation has no user message, so there is nothing that the feedback could be about. Send at least one message with the role "user".',
      { roles: conversation.map(({ role }) => role) },
    );
  }
  return conversation.map((message, index) =>
    index === last
      ? { ...message, content: renderTeacherMessage(template, { message: message.content, feedback }) }
      : message,
  );
}
