import { describe, expect, it } from 'vitest';
import { conversationOfChat, conversationOfCompletion } from './relayed-conversation.js';

describe('what a teacher can be shown of a chat', () => {
  it('is its text, roles as chat templates know them, and the thinking switch', () => {
    const messages = [
      { role: 'developer', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello ' },
          { type: 'text', text: 'there' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: '1' }] },
      { role: 'tool', tool_call_id: '1', content: '42' },
    ];
    expect(conversationOfChat({ messages, chat_template_kwargs: { enable_thinking: false } })).toEqual({
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hello there' },
        { role: 'assistant', content: '' },
        { role: 'tool', content: '42' },
      ],
      templateOptions: { enableThinking: false },
    });
  });

  it.each([
    [{}],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }] }],
    [{ messages: [{ content: 'no role' }] }],
    [{ messages: [{ role: 'user', content: 7 }] }],
  ])('is nothing for %j', (body) => {
    expect(conversationOfChat(body)).toBeNull();
  });
});

describe('what a teacher can be shown of a completion', () => {
  const told = (body: object, choice = 0) =>
    conversationOfCompletion(body as Record<string, unknown>, choice)?.messages[0]?.content;

  it('is its prompt, of several that of the choice', () => {
    expect(told({ prompt: 'a' })).toBe('a');
    expect(told({ prompt: 'a', n: 3 }, 2)).toBe('a');
    expect([0, 1, 2, 3].map((choice) => told({ prompt: ['a', 'b'], n: 2 }, choice))).toEqual(['a', 'a', 'b', 'b']);
  });

  it.each([[{ prompt: [1, 2] }], [{ prompt: [[1, 2]] }], [{ prompt: 'a', echo: true }], [{}]])(
    'is nothing for %j',
    (body) => {
      expect(told(body)).toBeUndefined();
    },
  );
});
