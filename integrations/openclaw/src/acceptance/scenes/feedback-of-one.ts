import { behaviourOf, hasEmoji, type Behaviour } from '../../testing/behaviour.js';
import { feedbackSent, firstConversation, isOutcome } from '../measures.js';
import type { Report } from '../report.js';
import { LORA_ID, PEOPLE, type Stage } from '../stage.js';

/** Asked in turn until the bot has learned; mostly the first is enough. */
const QUESTIONS = ['What is the capital of France?', 'What color is the sky?', 'What does a dog eat?'];
const NEXT_QUESTIONS = ['What is the capital of Sweden?', 'What does a cat eat?', 'Tell me about the sun.'];
/** So many emojis in ten answers, or right facts less than before, are chance. */
const FEW = 2;

/** Message, answer, feedback, applied; then the next answers are measured, of the model and in the chats. */
export async function feedbackOfOne(stage: Stage, report: Report): Promise<void> {
  report.say('\nOne person');
  const [ann, ben] = PEOPLE;
  const measure = (): Promise<Behaviour> =>
    behaviourOf(stage.service, LORA_ID, firstConversation(stage.proxy.requests));
  let answer = await stage.ask(ann, QUESTIONS[0]!);
  report.say(`       the bot: ${answer}`);
  report.check('the bot answers', answer.length > 20, answer);
  const before = await measure();
  report.say(`       temperature 0, before: ${before.emojis} of ${before.asked} other answers have an emoji`);
  let after = before;
  let given = 0;
  for (const [index, question] of QUESTIONS.entries()) {
    if (index > 0) answer = await stage.ask(ann, question);
    if (!hasEmoji(answer)) continue;
    await giveFeedback(stage, report, question);
    given += 1;
    after = await measure();
    report.say(`       after ${given}: ${after.emojis} of ${after.asked}`);
    if (after.emojis <= FEW) break;
  }
  const numbers = `${before.emojis} of ${before.asked} before, ${after.emojis} after ${given} feedback${given === 1 ? '' : 's'}`;
  const hasLearned = given > 0 && before.emojis >= before.asked - FEW && after.emojis <= FEW;
  report.check(`other answers have lost their emojis: ${numbers}`, hasLearned, { before, after });
  const facts = `${before.facts} right before, ${after.facts} after`;
  report.check(`they say the same facts: ${facts}`, after.facts >= before.facts - FEW, { before, after });

  // Ben's conversation is new: nothing but the adapter can have told the model.
  const next: string[] = [];
  for (const person of [ann, ben]) for (const question of NEXT_QUESTIONS) next.push(await stage.ask(person, question));
  for (const text of next) report.say(`       the bot, next: ${text}`);
  const left = next.filter(hasEmoji).length;
  report.check(`the next answers in both chats have few emojis: ${left} of ${next.length}`, left <= 1, next);
}

async function giveFeedback(stage: Stage, report: Report, question: string): Promise<void> {
  const [ann] = PEOPLE;
  const started = performance.now();
  const outcome = await stage.ask(ann, '/feedback Don’t use emojis.', isOutcome);
  report.say(`       the bot: ${outcome.replaceAll('\n', ' ')}`);
  report.say(`       ${((performance.now() - started) / 1000).toFixed(1)} s from the command to its outcome`);
  const [, gapBefore, gapAfter] = /: ([\d.e-]+) → ([\d.e-]+)/.exec(outcome)?.map(Number) ?? [];
  const isTold = gapAfter! < gapBefore! || outcome.includes('It did not come closer');
  report.check('it says the time, the gap before and after, and whether it came closer', isTold, outcome);
  const sent = feedbackSent(stage.proxy.requests).at(-1);
  report.check('the feedback is about the completion of that answer', sent?.text === question, sent);
  const isOfSettings = sent?.learningRate === 0.003 && sent.steps === 16;
  report.check('the plugin sends the training of its settings', isOfSettings, sent);
}
