/**
 * The real OpenClaw with this plugin, against the API with the model that ships and a double of Telegram.
 *
 * Usage: node dist/acceptance/main.js [--capture]   (npm run test:openclaw)
 *   --capture  writes what OpenClaw sent to src/testing/__fixtures__, for the default tests
 */
import { captureFixtures } from './capture-fixtures.js';
import { installOpenClaw } from './install-openclaw.js';
import { Report } from './report.js';
import { feedbackOfOne } from './scenes/feedback-of-one.js';
import { feedbackOfTwo } from './scenes/feedback-of-two.js';
import { restarts } from './scenes/restarts.js';
import { setUp } from './scenes/set-up.js';
import { Stage } from './stage.js';

const report = new Report();
const stage = await Stage.build(installOpenClaw(report.say));
try {
  for (const scene of [setUp, feedbackOfOne, feedbackOfTwo, restarts]) await scene(stage, report);
  if (process.argv.includes('--capture')) await captureFixtures(stage.proxy.requests);
} catch (error) {
  report.check('the run comes to its end', false, error instanceof Error ? error.message : error);
  report.say(stage.gatewayOutput.split('\n').slice(-40).join('\n'));
} finally {
  await stage.end();
}
process.exitCode = report.finish() ? 0 : 1;
