#!/usr/bin/env node
/** The `claas` command. In a checkout that isn't built yet it compiles the client first, which takes seconds. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const main = path.join(project, 'dist', 'main.js');

if (!existsSync(main)) {
  const compiler = findCompiler();
  process.stderr.write('claas: building the client (once) …\n');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-b', project], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(`${stdout}claas: the client can't be built. \`npm start\` installs what is missing.\n`);
    process.exit(1);
  }
}
await import(main);

function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    process.stderr.write('claas: not installed yet. Run `npm start` once, or `npm ci`, in the folder of CLaaS.\n');
    process.exit(1);
  }
}
