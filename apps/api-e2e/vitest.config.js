import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

const ALL_BUT_CORE = 'src/**/!(first-feedback).spec.ts';
const mode = process.env.CLAAS_E2E_MODE;

/** All tests in the mode that is asked for; by default all of them in `local`, and the core of them in the other modes. */
const projects =
  mode === undefined
    ? [
        { extends: true, test: { name: 'api-e2e' } },
        ...['modal', 'tinker'].map((CLAAS_E2E_MODE) => ({
          extends: true,
          test: { name: `api-e2e ${CLAAS_E2E_MODE}`, exclude: [ALL_BUT_CORE], env: { CLAAS_E2E_MODE } },
        })),
      ]
    : [{ extends: true, test: { name: `api-e2e ${mode}` } }];

// One file at a time: each starts real processes and measures them.
export default mergeConfig(workspaceDefaults, {
  test: { projects, fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 },
});
