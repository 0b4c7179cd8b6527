import swc from 'unplugin-swc';
import { mergeConfig } from 'vitest/config';
import { workspaceDefaults } from '../../vitest.workspace-defaults.js';

/** Nest's decorators need the types of constructor parameters, which only swc emits here. */
export default mergeConfig(workspaceDefaults, {
  plugins: [swc.vite({ module: { type: 'es6' } })],
  test: { name: 'api' },
});
