import { findProgram } from '../../process/find-program.js';
import { ok, problem, type Finding } from '../finding.js';
import type { Check } from '../patient.js';

export const checkGateway: Check = ({ settings }) => {
  const { gateway } = settings.file;
  if (gateway === undefined) return Promise.resolve([ok('gateway', 'not wanted')]);
  const program = gateway.command[0] ?? '';
  const found = findProgram(program, settings.env['PATH'] ?? '', settings.workingDirectory);
  return Promise.resolve([describe(program, found)]);
};

function describe(program: string, found: string | null): Finding {
  if (found !== null) return ok('gateway', found);
  return problem(
    'gateway',
    `There is no program ${program}.`,
    'Install it (OpenClaw: `npm install --global openclaw`), or correct gateway.command.',
  );
}
