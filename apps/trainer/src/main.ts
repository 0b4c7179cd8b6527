import { log } from './logging/log.js';
import { endInSilence } from './parent/end-in-silence.js';
import { replacePredecessor } from './parent/replace-predecessor.js';
import { watchParent } from './parent/watch-parent.js';
import { claimStdout } from './protocol/claim-stdout.js';
import { readStdin } from './protocol/read-stdin.js';

const writeLine = claimStdout();
watchParent();

// Loaded after stdout is ours: tensor libraries like to greet.
const { trainerSettings } = await import('./environment/trainer-settings.js');
const { methods } = await import('./methods/index.js');
const { RequestLoop } = await import('./protocol/request-loop.js');
const { TrainerSession } = await import('./session/trainer-session.js');

const exit = (code: number): void => {
  process.exit(code);
};
const settings = trainerSettings(process.env);
if (settings.processFile !== null) await replacePredecessor(settings.processFile);
const loop = new RequestLoop(new TrainerSession(settings), methods, writeLine, exit);

// Ctrl-C reaches the whole foreground group; when this process ends is the parent's decision.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  exit(0);
});
process.stdout.on('error', () => {
  exit(1);
});
process.on('unhandledRejection', (error) => {
  log('error', 'A promise was rejected and nobody waited for it.', {
    stack: error instanceof Error ? error.stack : String(error),
  });
});
readStdin(
  (line) => {
    loop.accept(line);
  },
  (reason) => {
    log('info', `The trainer ends: ${reason}.`);
    exit(0);
  },
);
if (settings.silenceLimitMs !== null) {
  endInSilence(process.stdin, settings.silenceLimitMs, () => {
    log('warn', 'The trainer ends: nothing came on stdin for too long, so its parent is gone.');
    exit(0);
  });
}
