import { mkdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ARCHIVE_FILES, WHEEL_FILES } from '../testing/library-files.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles } from '../testing/write-files.js';
import { findLibTensorFlow } from './find-libtensorflow.js';

const at = useTemporaryDirectory();

it('knows the layout of the C archive', () => {
  writeFiles(at('c'), ARCHIVE_FILES);
  expect(findLibTensorFlow(at('c'))).toEqual({
    libraries: Object.keys(ARCHIVE_FILES)
      .slice(0, 2)
      .map((name) => at('c', name)),
    includeDirectory: at('c/include'),
    nvidiaDirectory: null,
  });
});

it.each(['wheel', 'wheel/tensorflow'])(
  "knows a wheel's layout, given %s, and NVIDIA's libraries beside it",
  (given) => {
    writeFiles(at('wheel'), WHEEL_FILES);
    mkdirSync(at('wheel/nvidia'));
    expect(findLibTensorFlow(at(given))).toMatchObject({
      includeDirectory: at('wheel/tensorflow/include'),
      nvidiaDirectory: at('wheel/nvidia'),
    });
  },
);

it('names what is missing', () => {
  expect(findLibTensorFlow(at('nowhere'))).toBe(`${at('nowhere')} does not exist`);
  mkdirSync(at('empty'));
  expect(findLibTensorFlow(at('empty'))).toMatch(/has neither libtensorflow/);
  const [main, framework, header] = Object.keys(ARCHIVE_FILES) as [string, string, string];
  writeFiles(at('half'), { [main]: '' });
  expect(findLibTensorFlow(at('half'))).toBe(`${at('half', framework)} is missing`);
  writeFiles(at('half'), { [framework]: '' });
  expect(findLibTensorFlow(at('half'))).toBe(`${at('half', header)} is missing`);
});
