import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { findExecutable } from '../process/find-executable.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles } from '../testing/write-files.js';

const at = useTemporaryDirectory();
const compiled = pathToFileURL(
  path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/progress/terminal-progress.js'),
).href;
/** `script` of util-linux gives a program a terminal. */
const script = process.platform === 'linux' ? findExecutable('script', process.env['PATH'] ?? '') : null;
if (script === null) console.warn('SKIPPED the test of the progress bar: no program `script` that gives a terminal.');

it.skipIf(script === null)('draws a bar in place and leaves the terminal clean', () => {
  writeFiles(at(), {
    'program.mjs': `
      import { TerminalProgress } from ${JSON.stringify(compiled)};
      const progress = new TerminalProgress();
      progress.stage('Downloading');
      progress.advance(50e6, 200e6);
      await new Promise((resolve) => setTimeout(resolve, 300));
      progress.stage('Compiling');
      progress.end();
      console.log('after');`,
  });
  const command = `'${process.execPath}' '${at('program.mjs')}'`;
  const { stdout, status } = spawnSync(script!, ['-qec', command, '/dev/null'], { encoding: 'utf8', input: '' });
  expect(status, stdout).toBe(0);
  expect(stdout).toContain('claas: Downloading [======------------------] 50 of 200 MB');
  expect(stdout).toContain('claas: Compiling … 0 s');
  // Shown again: the cursor. Cleared: the line, before what comes next.
  expect(stdout.lastIndexOf('\x1b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\x1b[?25l'));
  expect(stdout).toMatch(/\x1b\[2Kafter/);
});
