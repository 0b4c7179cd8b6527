import type {} from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    mode: string | undefined;
    isWhole: boolean | undefined;
  }
}

/** One line for each mode in which not everything runs: which capability is missing there, or how to run the rest. */
export function setup({ config }: TestProject): void {
  const { mode, isWhole } = config.provide;
  // The workspace itself has no mode.
  if (mode === undefined || mode === 'local') return;
  console.info(
    isWhole === true
      ? `Mode ${mode}: src/vllm is left out: here completions don't pass through to a vLLM server, and "self" is the only teacher (README.md, Modes).`
      : `Mode ${mode}: the core only. CLAAS_E2E_MODE=${mode} runs the rest too, CLAAS_E2E_MODE=all everything in every mode.`,
  );
}
