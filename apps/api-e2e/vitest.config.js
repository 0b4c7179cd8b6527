import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

const MODES = ['local', 'modal', 'tinker'];
const ALL_BUT_CORE = 'src/**/!(first-feedback).spec.ts';
const BEHIND_VLLM = 'src/vllm/**';
const asked = process.env.CLAAS_E2E_MODE;
if (asked !== undefined && asked !== 'all' && !MODES.includes(asked)) {
  throw new Error(`CLAAS_E2E_MODE is ${asked}; expected all, ${MODES.join(', ')}.`);
}

/** Without CLAAS_E2E_MODE all tests run in `local`, and the core of them in the other modes. */
const projects = MODES.filter((mode) => asked === undefined || asked === 'all' || asked === mode).map((mode) => ({
  extends: true,
  test: {
    name: `api-e2e ${mode}`,
    exclude: mode === 'local' ? [] : asked === undefined ? [ALL_BUT_CORE] : [BEHIND_VLLM],
    env: { CLAAS_E2E_MODE: mode },
    provide: { mode, isWhole: asked !== undefined },
  },
}));

// One file at a time: each starts real processes and measures them.
export default mergeConfig(workspaceDefaults, {
  test: {
    projects,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    globalSetup: 'src/service/say-what-is-left-out.ts',
  },
});
