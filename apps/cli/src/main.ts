import { ExitCode } from './errors/exit-code.js';
import { Interrupts } from './program/interrupts.js';
import { runCommandLine } from './program/run-command-line.js';

const interrupts = new Interrupts(() => process.exit(ExitCode.interrupted));
process.on('SIGINT', interrupts.fire);
process.on('SIGTERM', interrupts.fire);
// Whoever read the output has seen enough: `claas list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? ExitCode.done : ExitCode.failed);
});

const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCommandLine(process.argv.slice(2), { stdin, stdout, stderr, env, interrupts });
