import type { Sandbox } from 'modal';
import { ModalUnavailableError } from '../errors/modal-errors.js';

const LIMIT_MS = 600_000;

/** Runs a command in the Sandbox to its end; what it wrote to stdout. @throws ModalUnavailableError when it failed */
export async function runCommand(sandbox: Sandbox, argv: readonly string[]): Promise<string> {
  const exec = await sandbox.exec([...argv], { timeoutMs: LIMIT_MS });
  const [output, complaint, code] = await Promise.all([exec.stdout.readText(), exec.stderr.readText(), exec.wait()]);
  if (code === 0) return output;
  throw new ModalUnavailableError(
    `\`${argv.slice(0, 2).join(' ')}\` failed in the Sandbox (exit code ${code}): ${complaint.trim() || 'no reason given'}.`,
  );
}
