import { feedbackSent, hasEmoji, isOutcome, shareWithEmoji } from '../measures.js';
import type { Report } from '../report.js';
import { LORA_ID, PEOPLE, type Stage } from '../stage.js';

const QUESTIONS = [
  'What is the capital of France?',
  'What color is the sky?',
  'What does a dog eat?',
  'What is the capital of Poland?',
  'How are you?',
  'What color is grass?',
  'What is the capital of Greece?',
  'Tell me about the sun.',
  'What does a cat eat?',
  'What is the capital of Peru?',
];

/** Message, answer, feedback, applied; then the next answers are measured. */
export async function feedbackOfOne(stage: Stage, report: Report): Promise<void> {
  report.say('\nOne person');
  const [ann] = PEOPLE;
  const before = await shareWithEmoji(stage.service, LORA_ID);
  report.say(`       answers with an emoji to 10 other questions, temperature 0: ${before}`);
  let after = before;
  let given = 0;
  // What one answer teaches depends on the answer, which is sampled: where the emoji stands, and how sure the model was.
  for (const question of QUESTIONS) {
    const answer = await stage.ask(ann, question);
    report.say(`       the bot: ${answer}`);
    if (given === 0) report.check('the bot answers', answer.length > 20, answer);
    if (!hasEmoji(answer)) continue;
    await giveFeedback(stage, report, question);
    given += 1;
    after = await shareWithEmoji(stage.service, LORA_ID);
    report.say(`       with an emoji after ${given} ${given === 1 ? 'feedback' : 'feedbacks'}: ${after} of 10`);
    if (after <= 2) break;
  }
  report.say(`       the bot, next: ${await stage.ask(ann, 'What is the capital of Norway?')}`);
  const numbers = `emojis in ${before} of 10 other answers before, ${after} after ${given} feedbacks`;
  report.check(`the next answers have learned: ${numbers}`, before >= 8 && after <= 2, { before, after });
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
  report.check('the plugin sends the training of its settings', sent?.learningRate === 0.003 && sent.steps === 8, sent);
}
