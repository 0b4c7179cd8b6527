import { cancel } from './cancel.js';
import { distill } from './distill.js';
import { generate } from './generate.js';
import { init } from './init.js';
import { inspect } from './inspect.js';
import { load } from './load.js';
import type { MethodTable } from './method-table.js';
import { prepare } from './prepare.js';
import { score } from './score.js';
import { shutdown } from './shutdown.js';
import { status } from './status.js';

export const methods: MethodTable = {
  load,
  init,
  inspect,
  prepare,
  distill,
  generate,
  score,
  status,
  cancel,
  shutdown,
};
