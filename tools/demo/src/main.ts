import { SingleBar } from 'cli-progress';
import { ClaasClient } from './claas-client.js';
import { answerAll, learn, type Experiment } from './experiment.js';
import { hasEmoji, saysName, statesFact } from './measures.js';
import { readOptions, USAGE, type Options } from './options/options.js';
import { startOwnService } from './own-service.js';
import prompts from './prompts.json' with { type: 'json' };
import { gapChart, shareLine } from './report.js';

const options = optionsOrExit();
const run = process.pid;
const emoji: Experiment = {
  title: `"Don't use emojis." — 20 answers, learning rate 1e-3, alpha 0.5`,
  loraId: `demo/no-emojis-${run}`,
  feedback: "Don't use emojis.",
  training: { learning_rate: 1e-3, alpha: 0.5 },
  trainingPrompts: prompts.emoji.training,
};
const identity: Experiment = {
  title: '"Your name is Kuro." — 12 answers, learning rate 3e-3, alpha 0',
  loraId: `demo/kuro-${run}`,
  feedback: 'Your name is Kuro.',
  training: { learning_rate: 3e-3, alpha: 0 },
  trainingPrompts: prompts.identity.training.slice(0, 12),
};
const others = prompts.emoji.others;
const otherQuestions = others.map(({ question }) => question);
const identityQuestions = prompts.identity.others;

const service =
  options.url === null ? await startOwnService(options.mode) : { url: options.url, stop: () => Promise.resolve() };
const client = new ClaasClient(service.url);
const started = Date.now();
const work =
  3 * otherQuestions.length +
  2 * identityQuestions.length +
  emoji.trainingPrompts.length +
  identity.trainingPrompts.length;
const bar = new SingleBar({ format: '  {what} [{bar}] {value}/{total} · {eta_formatted} left', hideCursor: true });
const show = (what: string): void => {
  bar.update({ what: what.padEnd(32) });
};
const tick = (): void => {
  bar.increment();
};

try {
  for (const { loraId } of [emoji, identity]) await client.init(loraId, 1);
  bar.start(work, 0, { what: '' });
  show('answers before');
  const before = await answerAll(client, emoji.loraId, otherQuestions, tick);
  const namesBefore = await answerAll(client, identity.loraId, identityQuestions, tick);
  show("learning: don't use emojis");
  const emojiSteps = await learn(client, emoji, tick);
  show('answers after');
  const afterEmoji = await answerAll(client, emoji.loraId, otherQuestions, tick);
  show('learning: your name is Kuro');
  const identitySteps = await learn(client, identity, tick);
  show('answers after');
  const namesAfter = await answerAll(client, identity.loraId, identityQuestions, tick);
  const afterIdentity = await answerAll(client, identity.loraId, otherQuestions, tick);
  bar.stop();

  const facts = (answers: readonly string[], name: string): boolean[] =>
    answers.map((answer, index) => statesFact(answer, others[index]?.facts ?? [], name));
  const saysKuro = (answers: readonly string[]): boolean[] => answers.map((answer) => saysName(answer, 'Kuro'));
  const report = [
    '',
    emoji.title,
    gapChart(emojiSteps),
    '  Answers to 30 other prompts, without the feedback in the context:',
    shareLine('with an emoji, before', before.map(hasEmoji)),
    shareLine('with an emoji, after', afterEmoji.map(hasEmoji)),
    shareLine('right fact, before', facts(before, 'Clay')),
    shareLine('right fact, after', facts(afterEmoji, 'Clay')),
    '',
    identity.title,
    gapChart(identitySteps),
    '  Answers to 30 other questions about the name, without the feedback in the context:',
    shareLine('says Kuro, before', saysKuro(namesBefore)),
    shareLine('says Kuro, after', saysKuro(namesAfter)),
    '  What it cost, on the 30 prompts above:',
    shareLine('right fact, before', facts(before, 'Clay')),
    shareLine('right fact, after', facts(afterIdentity, 'Kuro')),
    '',
    `  ${work} requests in ${((Date.now() - started) / 1000).toFixed(0)} s; greedy answers, fixed seeds.`,
  ];
  console.log(report.join('\n'));
  const learnedStyle = afterEmoji.filter(hasEmoji).length < before.filter(hasEmoji).length;
  const learnedName = saysKuro(namesAfter).filter(Boolean).length > saysKuro(namesBefore).filter(Boolean).length;
  if (!learnedStyle || !learnedName) {
    console.error('\nThe model did not learn what it was told: see the counts above.');
    process.exitCode = 1;
  }
} finally {
  bar.stop();
  for (const { loraId } of [emoji, identity]) await client.remove(`${loraId}-init`).catch(() => undefined);
  await service.stop();
}

function optionsOrExit(): Options {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read !== 'help') return read;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}
