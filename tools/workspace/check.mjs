/**
 * Runs everything that must hold: structure, lint, types, unit and contract tests, then the end-to-end tests alone
 * (they start real processes and want the machine for themselves). Ends with the number of tests that ran.
 *
 * Usage: node tools/workspace/check.mjs
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const nx = path.join(root, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
const END_TO_END = '@claas/api-e2e';

const steps = [
  ['Structure', [path.join(root, 'tools/check-structure/dist/main.js')]],
  ['Lint and types', [nx, 'run-many', '-t', 'lint', 'typecheck', '--output-style=static']],
  ['Unit and contract tests', [nx, 'run-many', '-t', 'test', `--exclude=${END_TO_END}`, '--output-style=static']],
  ['End-to-end tests', [nx, 'run', `${END_TO_END}:test`, '--output-style=static']],
];

function projectFolders() {
  return ['apps', 'integrations', 'libs', 'tools'].flatMap((group) =>
    readdirSync(path.join(root, group))
      .map((name) => path.join(group, name))
      .filter((folder) => existsSync(path.join(root, folder, 'package.json'))),
  );
}

/** A failed test's file, name and the first lines of its message, one after the other: what a reader of the end sees. */
function failedTests(folder, testResults) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = path.relative(path.join(root, folder), name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [`${folder} ${file}: ${firstLines(message)}`];
    return failed.map((test) => `${folder} ${file} > ${test.fullName}: ${firstLines(test.failureMessages.join('\n'))}`);
  });
}

function firstLines(message) {
  return message.split('\n').slice(0, 12).join('\n    ');
}

/** Counts from the reports that each project's test run leaves behind; a project without one has run no test. */
function countTests() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const missing = [];
  const messages = [];
  console.log('\nTests by project (passed / failed / skipped)');
  for (const folder of projectFolders()) {
    const report = path.join(root, folder, 'test-results.json');
    if (!existsSync(report)) {
      missing.push(folder);
      continue;
    }
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const skipped = numPendingTests + numTodoTests;
    console.log(`  ${folder.padEnd(26)} ${String(numPassedTests).padStart(5)} / ${numFailedTests} / ${skipped}`);
    total.passed += numPassedTests;
    total.failed += numFailedTests;
    total.skipped += skipped;
    messages.push(...failedTests(folder, testResults));
  }
  for (const folder of missing) console.log(`  ${folder.padEnd(26)}   no report: its tests did not run`);
  for (const message of messages) console.log(`\nFAILED ${message}`);
  return { ...total, missing };
}

const failures = [];
for (const [title, args] of steps) {
  console.log(`\n=== ${title} ===`);
  const started = Date.now();
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_TUI: 'false' },
  });
  console.log(`=== ${title}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(0)} s ===`);
  if (status !== 0) failures.push(title);
}
const { passed, failed, skipped, missing } = countTests();
if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failures.length > 0 || failed > 0 || missing.length > 0 || passed === 0 ? 1 : 0);
