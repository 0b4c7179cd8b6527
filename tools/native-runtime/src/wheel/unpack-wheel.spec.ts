import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { WHEEL_FILES } from '../testing/library-files.js';
import { makeZip } from '../testing/make-zip.js';
import { useTemporaryDirectory } from '../testing/use-temporary-directory.js';
import { unpackWheel } from './unpack-wheel.js';
import { isWantedOfNvidia, isWantedOfTensorFlow, requirementsOfExtra } from './wheel-contents.js';

const at = useTemporaryDirectory();

it('unpacks the libraries and the headers of the C interface, nothing else', async () => {
  writeFileSync(at('x.whl'), makeZip(WHEEL_FILES));
  const amounts: [number, number][] = [];
  const count = await unpackWheel(at('x.whl'), at('out'), isWantedOfTensorFlow, (done, total) => {
    amounts.push([done, total]);
  });
  expect(count).toBe(4);
  expect(readFileSync(at('out/tensorflow/include/tensorflow/c/c_api.h'), 'utf8')).toBe('#pragma once\n');
  expect(existsSync(at('out/tensorflow/python'))).toBe(false);
  expect(existsSync(at('out/tensorflow/include/tensorflow/core'))).toBe(false);
  const [done, total] = amounts.at(-1)!;
  expect(done).toBe(total);
});

it('refuses an archive that was cut', async () => {
  const zip = makeZip(WHEEL_FILES);
  writeFileSync(at('x.whl'), zip.subarray(0, zip.length - 40));
  await expect(unpackWheel(at('x.whl'), at('out'), isWantedOfTensorFlow, () => undefined)).rejects.toThrow();
});

it('refuses a file whose content changed, although sizes fit', async () => {
  const name = Object.keys(WHEEL_FILES)[0]!;
  const zip = makeZip(WHEEL_FILES);
  // The checksum in the table of contents: 16 bytes into its first entry.
  const entry = zip.indexOf('PK\x01\x02');
  zip.writeUInt32LE(zip.readUInt32LE(entry + 16) ^ 1, entry + 16);
  writeFileSync(at('x.whl'), zip);
  await expect(unpackWheel(at('x.whl'), at('out'), isWantedOfTensorFlow, () => undefined)).rejects.toThrow(
    `${name} is damaged`,
  );
});

it('refuses a path that leaves the folder', async () => {
  writeFileSync(at('x.whl'), makeZip({ '../outside': 'x' }));
  await expect(
    unpackWheel(
      at('x.whl'),
      at('out'),
      () => true,
      () => undefined,
    ),
  ).rejects.toThrow(/relative path/);
  expect(existsSync(at('outside'))).toBe(false);
});

it("takes shared libraries of NVIDIA's wheels", () => {
  expect(isWantedOfNvidia('nvidia/cudnn/lib/libcudnn_ops.so.9')).toBe(true);
  expect(isWantedOfNvidia('nvidia/cublas/include/cublas.h')).toBe(false);
  expect(isWantedOfNvidia('nvidia/cublas/lib/__init__.py')).toBe(false);
});

it('reads the requirements of an extra', () => {
  const metadata = [
    'Requires-Dist: numpy>=1.26.0',
    'Requires-Dist: nvidia-cufft-cu12<12.0,>=11.2.3.61; extra == "and-cuda"',
    'Requires-Dist: gcs>=1; (sys_platform != "win32") and extra == "gcs-filesystem"',
  ].join('\n');
  expect(requirementsOfExtra(metadata, 'and-cuda')).toEqual(['nvidia-cufft-cu12<12.0,>=11.2.3.61']);
});
