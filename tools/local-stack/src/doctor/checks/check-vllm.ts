import { ok, problem, warning } from '../finding.js';
import type { Check } from '../patient.js';

/** docs/vllm.md: what the service was written against. */
const OLDEST = [0, 15] as const;
const NEWEST = [0, 33] as const;

export const checkVllm: Check = async ({ settings, run }) => {
  const { vllm } = settings.file;
  if (vllm === undefined) return [ok('vllm', 'not wanted: the embedded model answers')];
  if (vllm.command !== undefined)
    return [ok('vllm', `its own command: ${vllm.command[0] ?? ''} (its version isn't asked)`)];
  const program = vllm.program.join(' ');
  const output = await run([...vllm.program, '--version'], settings.env);
  if (output === null) {
    return [
      problem(
        'vllm',
        `There is no program ${program}.`,
        'Install vLLM (`pip install vllm` in an environment that is active), or say in vllm.program where it is.',
      ),
    ];
  }
  const version = /(\d+)\.(\d+)[\w.+-]*/.exec(output.stdout);
  if (output.exitCode !== 0 || version === null) {
    return [
      problem(
        'vllm',
        `\`${program} --version\` doesn't tell a version.`,
        'Run it by hand: what it prints says what its installation lacks.',
      ),
    ];
  }
  const release = [Number(version[1]), Number(version[2])] as const;
  if (isBefore(release, OLDEST)) {
    return [
      problem(
        'vllm',
        `vLLM ${version[0]} is too old.`,
        `Install ${OLDEST.join('.')} or newer: pip install --upgrade vllm`,
      ),
    ];
  }
  if (isBefore(NEWEST, release)) {
    return [
      warning(
        'vllm',
        `vLLM ${version[0]} is newer than what was tried (${NEWEST.join('.')}).`,
        `If something fails: pip install "vllm<0.${NEWEST[1] + 1}"`,
      ),
    ];
  }
  return [ok('vllm', `vLLM ${version[0]}`)];
};

function isBefore([a, b]: readonly [number, number], [c, d]: readonly [number, number]): boolean {
  return a < c || (a === c && b < d);
}
