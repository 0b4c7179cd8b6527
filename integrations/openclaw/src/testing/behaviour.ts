import type { ClaasService } from './claas-service.js';

/** Questions that no feedback is about, with what a right answer says; null where any answer will do. */
const OTHER_QUESTIONS: readonly (readonly [question: string, fact: RegExp | null])[] = [
  ['What is the capital of Japan?', /Tokyo/],
  ['What is the capital of Spain?', /Madrid/],
  ['What color is grass?', /green/i],
  ['What does a cow eat?', /grass|hay/i],
  ['How are you today?', null],
  ['Tell me about the moon.', null],
  ['What is the capital of Egypt?', /Cairo/],
  ['What is the capital of Norway?', /Oslo/],
  ['What can you do?', null],
  ['Who are you?', null],
];

export interface Behaviour {
  /** Questions asked. */
  readonly asked: number;
  /** Answers with an emoji. */
  readonly emojis: number;
  /** Right facts: a model that has forgotten how to speak uses no emojis either. */
  readonly facts: number;
}

export interface Message {
  readonly role: string;
  readonly content: string;
}

export const hasEmoji = (text: string): boolean => /\p{Extended_Pictographic}/u.test(text);

/** How `model` answers the first `asked` of the other questions at temperature 0, below the system prompt of `conversation`. */
export async function behaviourOf(
  service: ClaasService,
  model: string,
  conversation: readonly Message[],
  asked = OTHER_QUESTIONS.length,
): Promise<Behaviour> {
  const system = conversation.filter(({ role }) => role === 'system');
  const questions = OTHER_QUESTIONS.slice(0, asked);
  const texts = await Promise.all(
    questions.map(async ([content]) => {
      const messages = [...system, { role: 'user', content }];
      return (await service.chat({ model, messages, temperature: 0, max_tokens: 128, stream: true })).text;
    }),
  );
  return {
    asked,
    emojis: texts.filter(hasEmoji).length,
    facts: texts.filter((text, index) => questions[index]![1]?.test(text)).length,
  };
}
