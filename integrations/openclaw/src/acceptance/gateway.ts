import path from 'node:path';
import { RunningProgram } from '../testing/running-program.js';
import type { OpenClawInstallation } from './install-openclaw.js';

/** Secrets that are only worth something to the doubles of a test. */
const SECRETS = {
  OPENCLAW_GATEWAY_TOKEN: 'token-of-a-test-gateway',
  TELEGRAM_BOT_TOKEN: '42:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
};

/** `openclaw gateway` in a home of its own. */
export function startGateway({ main, node }: OpenClawInstallation, home: string): RunningProgram {
  return new RunningProgram(node, [main, 'gateway'], home, {
    PATH: `${path.dirname(node)}:${process.env.PATH ?? ''}`,
    HOME: home,
    ...SECRETS,
  });
}
