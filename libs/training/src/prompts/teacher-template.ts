import { ClaasError } from '@claas/contracts';

/** What the last user message becomes in the teacher's context; `{message}` and `{feedback}` stand for the texts themselves. */
export const DEFAULT_TEACHER_TEMPLATE = `{message}

The user gave this feedback on an earlier answer to the message above:

{feedback}

Answer the message above again, taking the feedback into account.`;

const PLACEHOLDER = /\{(message|feedback)\}/g;

/** @throws ClaasError `request_invalid` when the template does not hold each of `{message}` and `{feedback}` exactly once */
export function assertTeacherTemplate(template: string): void {
  const found = [...template.matchAll(PLACEHOLDER)].map(([placeholder]) => placeholder).sort();
  if (found.join() === '{feedback},{message}') return;
  throw new ClaasError(
    'request_invalid',
    `The teacher template must hold {message} and {feedback}, each exactly once; it holds ${found.join(', ') || 'neither'}.`,
    { placeholders: found },
  );
}

/**
 * Puts message and feedback into the template. Both are data: braces or `$` in them mean nothing,
 * because the template alone is searched for placeholders, once.
 */
export function renderTeacherMessage(template: string, texts: { message: string; feedback: string }): string {
  return template.replace(PLACEHOLDER, (_, name: 'message' | 'feedback') => texts[name]);
}
