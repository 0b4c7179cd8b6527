import { describe, expect, it } from 'vitest';
import { hasEmoji, saysName, statesFact } from './measures.js';

describe('hasEmoji', () => {
  it.each(['Hi 😊', 'sun ☀️', 'family 👨‍👩‍👧', '🇫🇷 no, but ❤'])('finds one in %j', (answer) => {
    expect(hasEmoji(answer)).toBe(true);
  });

  it.each(['Hello!', '2 + 2 = 4 :-)', 'Ça va, naïve – “quoted”', ''])('finds none in %j', (answer) => {
    expect(hasEmoji(answer)).toBe(false);
  });
});

describe('statesFact', () => {
  const facts = ['The capital of India is New Delhi.', "It's New Delhi, the capital of India."];

  it('accepts a paraphrase with the content words', () => {
    expect(statesFact('New Delhi is the lovely capital city of India!', facts, 'Clay')).toBe(true);
  });

  it('refuses another answer', () => {
    expect(statesFact('The capital of France is Paris.', facts, 'Clay')).toBe(false);
  });

  it('expects the assistant to use its name', () => {
    expect(statesFact('My name is Kuro.', ['My name is {n}.'], 'Kuro')).toBe(true);
    expect(statesFact('My name is Clay.', ['My name is {n}.'], 'Kuro')).toBe(false);
  });
});

describe('saysName', () => {
  it('minds the case', () => {
    expect(saysName("I'm Kuro!", 'Kuro')).toBe(true);
    expect(saysName('kuroshio', 'Kuro')).toBe(false);
  });
});
