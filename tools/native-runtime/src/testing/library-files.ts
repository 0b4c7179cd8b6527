import { FRAMEWORK_LIBRARY, MAIN_LIBRARIES } from '../sources/find-libtensorflow.js';

const MAIN = MAIN_LIBRARIES[0]!;

/** The smallest content of a TensorFlow wheel that is laid out as the real one; its libraries are none. */
export const WHEEL_FILES: Readonly<Record<string, string>> = {
  [`tensorflow/${MAIN}`]: 'not a library',
  [`tensorflow/${FRAMEWORK_LIBRARY}`]: 'not a library either',
  'tensorflow/include/tensorflow/c/c_api.h': '#pragma once\n',
  'tensorflow/include/tensorflow/core/framework/tensor.h': 'not wanted',
  'tensorflow/python/ops.py': 'not wanted',
  'tensorflow_cpu-2.21.0.dist-info/METADATA': 'Name: tensorflow-cpu\n',
};

/** The same laid out as the C archive. */
export const ARCHIVE_FILES: Readonly<Record<string, string>> = {
  [`lib/${MAIN_LIBRARIES[1]!}`]: 'not a library',
  [`lib/${FRAMEWORK_LIBRARY}`]: 'not a library either',
  'include/tensorflow/c/c_api.h': '#pragma once\n',
};
