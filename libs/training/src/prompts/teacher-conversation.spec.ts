import { expect, it } from 'vitest';
import { teacherConversation } from './teacher-conversation.js';

const TEMPLATE = '{message} / {feedback}';

it('rewrites the last user message and leaves everything else as it was', () => {
  const conversation = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'One?' },
    { role: 'assistant', content: 'One.' },
    { role: 'user', content: 'Two?' },
  ];
  expect(teacherConversation(conversation, 'Shorter.', TEMPLATE)).toEqual([
    ...conversation.slice(0, 3),
    { role: 'user', content: 'Two? / Shorter.' },
  ]);
  expect(conversation[3]).toEqual({ role: 'user', content: 'Two?' });
});

it('finds the last user message also when other messages follow it', () => {
  const conversation = [
    { role: 'user', content: 'Weather?' },
    { role: 'tool', content: 'sunny' },
  ];
  expect(teacherConversation(conversation, 'Celsius.', TEMPLATE)).toEqual([
    { role: 'user', content: 'Weather? / Celsius.' },
    { role: 'tool', content: 'sunny' },
  ]);
});

it('refuses a conversation without a user message', () => {
  expect(() => teacherConversation([{ role: 'system', content: 'Be kind.' }], 'Shorter.', TEMPLATE)).toThrow(
    expect.objectContaining({ code: 'request_invalid' }),
  );
});
