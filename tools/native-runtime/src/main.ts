import { readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { parseArguments, USAGE } from './arguments.js';
import type { Arguments } from './arguments.js';
import { hasNvidiaDriver } from './machine/has-nvidia-driver.js';
import { endAllGroups } from './process/process-groups.js';
import { PlainProgress } from './progress/plain-progress.js';
import { TerminalProgress } from './progress/terminal-progress.js';
import { failureLine, reportLine } from './report-line.js';
import { nativeSettings } from './settings/native-settings.js';
import type { NativeSettings } from './settings/native-settings.js';
import { readEnvironment } from './settings/read-environment.js';
import { setUpNativeRuntime } from './set-up/set-up-native-runtime.js';

const OK = 0;
const FAILED = 1;
const WRONG_USE = 2;
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

function say(line: string): void {
  process.stderr.write(`claas: ${line}\n`);
}

async function setUp(args: Arguments, settings: NativeSettings): Promise<number> {
  const progress = process.stderr.isTTY ? new TerminalProgress() : new PlainProgress(say);
  process.on('exit', () => {
    progress.end();
  });
  const hasRuntime = (): boolean => readNativeRuntime(settings.directory).state === 'ready';
  try {
    const result = await setUpNativeRuntime(settings, {
      force: args.force,
      heedsFailures: args.automatic,
      progress,
      say,
    });
    const { text, important } = reportLine(result, settings, hasRuntime(), Date.now());
    if (important || !args.quiet) say(text);
    return result.state === 'remembered' && args.strict ? FAILED : OK;
  } catch (error) {
    say(failureLine(error, settings, hasRuntime()));
    return args.strict ? FAILED : OK;
  }
}

async function main(): Promise<number> {
  let args: Arguments;
  try {
    args = parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return WRONG_USE;
  }
  if (args.help) {
    process.stdout.write(`${USAGE}\n`);
    return OK;
  }
  let settings: NativeSettings;
  try {
    settings = nativeSettings(readEnvironment(process.cwd(), process.env), hasNvidiaDriver());
  } catch (error) {
    say(failureLine(error, null, false));
    return args.strict ? FAILED : OK;
  }
  return setUp(args, settings);
}

process.on('exit', endAllGroups);
for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => process.exit(code));
process.exitCode = await main();
