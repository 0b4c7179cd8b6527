import { FRAMEWORK_LIBRARY, MAIN_LIBRARIES } from '../sources/find-libtensorflow.js';

const LIBRARIES = [...MAIN_LIBRARIES, FRAMEWORK_LIBRARY].map((name) => `tensorflow/${name}`);

/** The C interface, and the few headers of TensorFlow and XLA that it includes. */
const HEADERS =
  /^tensorflow\/include\/(tensorflow\/c\/|tsl\/|xla\/tsl\/|tensorflow\/core\/platform\/ctstring|tensorflow\/core\/public\/(version|release_version)\.h)/;

/** What is unpacked of TensorFlow's wheel: about 850 MB of libraries and 0.5 MB of headers. */
export function isWantedOfTensorFlow(name: string): boolean {
  return LIBRARIES.includes(name) || HEADERS.test(name) || isMetadata(name);
}

/** What is unpacked of NVIDIA's wheels. */
export function isWantedOfNvidia(name: string): boolean {
  return /^nvidia\/[^/]+\/lib\/[^/]+\.so[.\d]*$/.test(name);
}

export function isMetadata(name: string): boolean {
  return /^tensorflow[^/]*\.dist-info\/METADATA$/.test(name);
}

/**
 * The requirements of an extra in a wheel's METADATA, as pip takes them.
 * `Requires-Dist: nvidia-cufft-cu12<12.0,>=11.2; extra == "and-cuda"` → `nvidia-cufft-cu12<12.0,>=11.2`.
 */
export function requirementsOfExtra(metadata: string, extra: string): string[] {
  return metadata
    .split('\n')
    .filter((line) => line.startsWith('Requires-Dist:') && line.includes(`extra == "${extra}"`))
    .map((line) => line.slice('Requires-Dist:'.length, line.indexOf(';')).trim());
}
