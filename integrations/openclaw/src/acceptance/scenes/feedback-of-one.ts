import type { Report } from '../report.js';
import { LORA_ID, PEOPLE, type Stage } from '../stage.js';
import { feedbackSent, hasEmoji, isOutcome, shareWithEmoji } from '../measures.js';

/** Message, answer, feedback, applied, and the next answer has learned. */
export async function feedbackOfOne(stage: Stage, report: Report): Promise<void> {
  report.say('\nOne person');
  const [ann] = PEOPLE;
  const before = await shareWithEmoji(stage.service, LORA_ID);
  const answer = await stage.ask(ann, 'What is the capital of France?');
  report.say(`       the bot: ${answer}`);
  report.check('the bot answers, with an emoji', hasEmoji(answer), answer);
  const started = performance.now();
  const outcome = await stage.ask(ann, '/feedback Don’t use emojis.', isOutcome);
  report.say(`       the bot: ${outcome.replaceAll('\n', ' ')}`);
  report.say(`       ${((performance.now() - started) / 1000).toFixed(1)} s from the command to its outcome`);
  const [, gapBefore, gapAfter] = /: ([\d.e-]+) → ([\d.e-]+)/.exec(outcome)?.map(Number) ?? [];
  report.check('it says the time and the gap before and after, and the gap shrinks', gapAfter! < gapBefore!, outcome);
  const [sent] = feedbackSent(stage.proxy.requests);
  report.check(
    'the feedback is about the completion of that answer',
    sent?.text === 'What is the capital of France?',
    sent,
  );
  report.check('the plugin sends the training of its settings', sent?.learningRate === 0.003 && sent.steps === 8, sent);
  const next = await stage.ask(ann, 'What color is the sky?');
  report.say(`       the bot: ${next}`);
  const after = await shareWithEmoji(stage.service, LORA_ID);
  report.say(`       answers with an emoji to 10 other questions, temperature 0: ${before} before, ${after} after`);
  report.check('the next answer has no emoji', !hasEmoji(next), next);
  report.check('at most two of ten other answers have one', after <= 2 && before >= 8, { before, after });
}
