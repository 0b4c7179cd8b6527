import { ClaasError } from '@claas/contracts';
import { describe, expect, it } from 'vitest';
import { assertTeacherTemplate, DEFAULT_TEACHER_TEMPLATE, renderTeacherMessage } from './teacher-template.js';

describe('teacher template', () => {
  it('puts the message first, then the feedback, then the request to answer again', () => {
    expect(renderTeacherMessage(DEFAULT_TEACHER_TEMPLATE, { message: 'Hi!', feedback: 'No emojis.' })).toBe(
      'Hi!\n\nThe user gave this feedback on an earlier answer to the message above:\n\nNo emojis.\n\n' +
        'Answer the message above again, taking the feedback into account.',
    );
  });

  it('takes braces, placeholders and replacement patterns in the texts for text', () => {
    const message = 'What does {feedback} in f"{x}" print?';
    const feedback = "{message} $& $1 $' {{}} {0}";
    expect(renderTeacherMessage('{message}|{feedback}', { message, feedback })).toBe(`${message}|${feedback}`);
  });

  it('accepts the two placeholders in any order', () => {
    expect(() => {
      assertTeacherTemplate(DEFAULT_TEACHER_TEMPLATE);
    }).not.toThrow();
    expect(() => {
      assertTeacherTemplate('{feedback} {message}');
    }).not.toThrow();
  });

  it.each(['', '{message}', '{feedback}', '{message} {message} {feedback}'])('refuses the template %j', (template) => {
    expect(() => {
      assertTeacherTemplate(template);
    }).toThrow(ClaasError);
  });
});
