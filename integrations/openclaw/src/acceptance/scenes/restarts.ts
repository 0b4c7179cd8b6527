import { isOutcome } from '../measures.js';
import type { Report } from '../report.js';
import { PEOPLE, type Stage } from '../stage.js';

/** What a chat remembers over a restart of the gateway, and what it hears when the API is away. */
export async function restarts(stage: Stage, report: Report): Promise<void> {
  report.say('\nRestarts');
  const [ann] = PEOPLE;
  await stage.ask(ann, 'Tell me a joke.');
  await stage.stopGateway();
  await stage.startGateway();
  const outcome = await stage.ask(ann, '/feedback More jokes like this.', isOutcome);
  report.check(
    'after a restart of the gateway, feedback finds the answer from before',
    outcome.startsWith('✅'),
    outcome,
  );
  await stage.service.stop();
  const words = await stage.ask(ann, '/feedback Anything.');
  report.check('without the API, the chat hears it in plain words', words.includes('can’t be reached'), words);
}
