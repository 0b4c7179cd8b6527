#!/usr/bin/env node
/** The `claas-stack` command. `npm run stack` builds first. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const main = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist/main.js');
if (!existsSync(main)) {
  process.stderr.write('claas-stack: not built yet. Run `npm run stack -- --dry-run` once, in the folder of CLaaS.\n');
  process.exit(1);
}
await import(main);
