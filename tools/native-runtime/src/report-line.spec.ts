import { expect, it } from 'vitest';
import { failureLine, reportLine } from './report-line.js';
import { SetUpError } from './set-up/set-up-error.js';
import { makeSettings } from './testing/make-settings.js';

const HOUR = 3_600_000;
const present = { state: 'present', tensorflowVersion: '2.21.0', source: 'pip', gpu: false } as const;

it('is quiet about what is as it should be', () => {
  const line = reportLine(present, makeSettings({ directory: '/c/r' }), true, 0);
  expect(line).toEqual({ text: 'Native library: TensorFlow 2.21.0, CPU, from pip.', important: false });
});

it('is not quiet about a GPU that is not used', () => {
  const { text, important } = reportLine(present, makeSettings({ directory: '/c/r', hasNvidiaDriver: true }), true, 0);
  expect(text).toContain('The GPU of this machine is not used');
  expect(important).toBe(true);
});

it('says how old a remembered failure is, and how to try again', () => {
  const failure = { message: 'no network', remedy: 'x', at: 0 };
  const { text } = reportLine({ state: 'remembered', failure }, makeSettings({ directory: '/c/r' }), false, 3.5 * HOUR);
  expect(text).toMatch(/no network \(tried 3 h ago; `npm run setup:native` tries again\)\.$/);
});

it('is one line with cause, remedy and, where a program said more, the log', () => {
  const error = new SetUpError('compilation_failed', 'it broke\n  here', 'mend it');
  expect(failureLine(error, makeSettings({ directory: '/c/r' }), false)).toMatch(
    /^No native library, running on WebAssembly .*: it broke here\. To get it: mend it\. Details: \/c\/r\.log$/,
  );
  expect(failureLine(new Error('odd'), null, true)).toMatch(/^The native library stays as it was: odd \(`npm run/);
});
