import { defineConfig } from 'vitest/config';

/** What every project's vitest.config.js starts from: Node, source instead of dist, no leaking of state between files. */
export const workspaceDefaults = defineConfig({
  resolve: { conditions: ['@claas/source'] },
  ssr: { resolve: { conditions: ['@claas/source'] } },
  test: {
    environment: 'node',
    include: ['src/**/*.spec.ts'],
    // For what hangs; nothing that works comes near, also where everything takes ten times as long.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // How long something is waited for that must come: a busy machine takes its time.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
  },
});
