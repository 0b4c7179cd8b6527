import type { Report } from '../report.js';
import { headVersion, feedbackSent, isOutcome } from '../measures.js';
import { LORA_ID, PEOPLE, type Stage } from '../stage.js';

const QUESTIONS = { ann: 'What is the capital of Italy?', ben: 'What is your name?' };
const FEEDBACK = { ann: 'Please be shorter.', ben: 'Your name is Kuro.' };

/** Two chats at once: each feedback goes to the answer that its writer saw, and each takes back its own. */
export async function feedbackOfTwo(stage: Stage, report: Report): Promise<void> {
  report.say('\nTwo people at once');
  const [ann, ben] = PEOPLE;
  const earlier = stage.proxy.requests.length;
  await Promise.all([stage.ask(ann, QUESTIONS.ann), stage.ask(ben, QUESTIONS.ben)]);
  const outcomes = await Promise.all([
    stage.ask(ann, `/feedback ${FEEDBACK.ann}`, isOutcome),
    stage.ask(ben, `/feedback ${FEEDBACK.ben}`, isOutcome),
  ]);
  report.check(
    'both are told that it was learned',
    outcomes.every((text) => text.startsWith('✅')),
    outcomes,
  );
  const sent = feedbackSent(stage.proxy.requests.slice(earlier));
  const pairs = Object.fromEntries(sent.map(({ feedback, text }) => [feedback, text]));
  const expected = { [FEEDBACK.ann]: QUESTIONS.ann, [FEEDBACK.ben]: QUESTIONS.ben };
  report.check(
    'each feedback is about the writer’s own answer',
    JSON.stringify(sort(pairs)) === JSON.stringify(sort(expected)),
    pairs,
  );

  const versions = outcomes.map((text) => Number(/version (\d+)/.exec(text)?.[1]));
  const head = await headVersion(stage.service, LORA_ID);
  report.check('both lessons are in the head', Math.max(...versions) === head, { versions, head });
  const last = versions[0] === head ? ann : ben;
  const other = last === ann ? ben : ann;
  const refused = await stage.ask(other, '/feedback undo');
  report.check('taking back a lesson with another on top is refused', refused.includes('learned more since'), refused);
  const taken = await stage.ask(last, '/feedback undo');
  report.check('the last lesson is taken back', taken === `↩️ Taken back: I am version ${head - 1} again.`, taken);
  report.check('the head is the version before', (await headVersion(stage.service, LORA_ID)) === head - 1, taken);
}

function sort(record: Readonly<Record<string, string | undefined>>): readonly (readonly unknown[])[] {
  return Object.entries(record).sort(([left], [right]) => left.localeCompare(right));
}
