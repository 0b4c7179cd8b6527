import { proveAddon } from '@claas/tensor-backend/native-runtime';

/** Run by proveInChild: `node proof-program.js <addon>` prints the proof as one line of JSON. */
const addon = process.argv[2];
if (addon === undefined) throw new Error('Usage: proof-program.js <addon>');
process.stdout.write(`${JSON.stringify(proveAddon(addon))}\n`);
