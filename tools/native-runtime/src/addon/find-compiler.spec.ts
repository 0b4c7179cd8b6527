import { expect, it } from 'vitest';
import { makeSettings } from '../testing/make-settings.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { writeFiles, writeProgram } from '../testing/write-files.js';
import { findCompiler } from './find-compiler.js';
import { nodeHeaders } from './node-headers.js';

const at = useTemporaryDirectory();
const settings = (compiler: string | null = null) =>
  makeSettings({ directory: at('runtime'), searchPath: `${at('a')}:${at('b')}`, compiler });

it('takes the compiler that CXX names, with its arguments, else the first that is there', () => {
  writeProgram(at('b/clang++'), 'exit 0');
  expect(findCompiler(settings())).toEqual({ program: at('b/clang++'), firstArguments: [] });
  writeProgram(at('b/g++'), 'exit 0');
  expect(findCompiler(settings())).toEqual({ program: at('b/g++'), firstArguments: [] });
  expect(findCompiler(settings('clang++ -v'))).toEqual({ program: at('b/clang++'), firstArguments: ['-v'] });
});

it('does not take a file that can’t be run', () => {
  writeFiles(at('a'), { 'g++': 'text' });
  expect(() => findCompiler(settings())).toThrow(/no C\+\+ compiler found/);
});

it('names a CXX that is not there instead of taking another', () => {
  writeProgram(at('b/g++'), 'exit 0');
  expect(() => findCompiler(settings('icc'))).toThrow('the compiler that CXX names (icc) is not there');
});

it("finds Node's headers", () => {
  expect(nodeHeaders({})).toMatch(/include/);
});
