import type { Report } from '../report.js';
import { until } from '../../testing/until.js';
import type { Stage } from '../stage.js';

/** The init step twice, and a gateway that takes its configuration. */
export async function setUp(stage: Stage, report: Report): Promise<void> {
  report.say('\nSet-up');
  const first = await stage.runInit();
  report.check('init makes the adapter and the configuration', /made\n.*written/s.test(first), first);
  const second = await stage.runInit();
  report.check('init again changes nothing', /there already\n.*as it should be/s.test(second), second);
  await stage.fixAnswers();
  await stage.startGateway();
  const menu = await until('the menu of commands', 30, () =>
    stage.telegram.calls.find(({ method }) => method === 'setMyCommands'),
  );
  report.check('Telegram’s menu offers /feedback', JSON.stringify(menu.parameters).includes('"feedback"'), menu);
}
