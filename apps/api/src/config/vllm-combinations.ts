import { isAbsolute } from 'node:path';
import type { ServiceEnvironment } from './environment-sections.js';
import type { SettingProblem } from './settings-error.js';

const ONLY_WITH_VLLM = /^(VLLM_API_KEY|CLAAS_VLLM_.*|FEEDBACK_(MIN_FREE_VRAM_GB|SLEEP_VERIFY_TIMEOUT_S))$/;
const ONLY_WITH_TEACHER = /^CLAAS_TEACHER_(API_KEY|TIMEOUT_S)$/;

/** Settings of the vLLM servers that contradict one another; each by itself is well formed or named elsewhere. */
export function vllmProblems(environment: ServiceEnvironment): SettingProblem[] {
  const { VLLM_BASE_URL: server, CLAAS_TEACHER_BASE_URL: teacher, CLAAS_TEACHER_MODEL: model } = environment;
  const problems: SettingProblem[] = [];
  const wrong = (name: keyof ServiceEnvironment, message: string): void => void problems.push({ name, message });
  if (teacher !== null && model === null) {
    wrong('CLAAS_TEACHER_MODEL', 'is needed together with CLAAS_TEACHER_BASE_URL: the name of the model that teaches');
  }
  if (teacher === null && model !== null) {
    wrong(
      'CLAAS_TEACHER_BASE_URL',
      'is needed together with CLAAS_TEACHER_MODEL: the address of the server that has it',
    );
  }
  if (teacher !== null && server !== null && environment.CLAAS_VLLM_SHARES_ACCELERATOR && isSame(teacher, server)) {
    wrong(
      'CLAAS_TEACHER_BASE_URL',
      'is the server of VLLM_BASE_URL, which sleeps while a step asks its teacher: give the teacher a server of its own',
    );
  }
  if (server !== null && originOf(server) === `http://${environment.CLAAS_API_HOST}:${environment.CLAAS_API_PORT}`) {
    wrong(
      'VLLM_BASE_URL',
      'is this service’s own address (CLAAS_API_HOST and CLAAS_API_PORT): let one of them listen elsewhere',
    );
  }
  const { CLAAS_VLLM_LORA_ROOT: root } = environment;
  if (root !== null && !isAbsolute(root)) {
    wrong('CLAAS_VLLM_LORA_ROOT', `expected an absolute path, found ${JSON.stringify(root)}`);
  }
  return problems;
}

/** A sentence for everything that is set and that nothing reads in this mode. */
export function vllmWarnings(
  environment: ServiceEnvironment,
  variables: Readonly<Record<string, string | undefined>>,
): string[] {
  const { CLAAS_DISTILL_EXECUTION_MODE: mode, VLLM_BASE_URL: server, CLAAS_TEACHER_BASE_URL: teacher } = environment;
  const isGiven = (name: string): boolean => (variables[name]?.trim() ?? '') !== '';
  const given = Object.keys(variables).filter(isGiven).sort();
  const without = (pattern: RegExp, needed: string): string[] =>
    given.filter((name) => pattern.test(name)).map((name) => `${name} is set, but ${needed} is not: nothing reads it.`);
  return [
    ...(server !== null && mode !== 'local'
      ? [`VLLM_BASE_URL is set, but CLAAS_DISTILL_EXECUTION_MODE is ${mode}: only mode local answers through it.`]
      : []),
    ...(server === null ? without(ONLY_WITH_VLLM, 'VLLM_BASE_URL') : []),
    ...(teacher === null ? without(ONLY_WITH_TEACHER, 'CLAAS_TEACHER_BASE_URL') : []),
  ];
}

function originOf(address: string): string | null {
  return URL.canParse(address) ? new URL(address).origin : null;
}

function isSame(a: string, b: string): boolean {
  return originOf(a) !== null && originOf(a) === originOf(b);
}
