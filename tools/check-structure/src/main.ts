import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { allChecks } from './checks/all-checks.js';
import { readWorkspace } from './read-workspace.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const workspace = await readWorkspace(root);
let broken = 0;
for (const check of allChecks) {
  const findings = await check.run(workspace);
  console.log(`${findings.length === 0 ? 'ok  ' : 'FAIL'} ${check.title}`);
  for (const finding of findings) console.log(`       ${finding}`);
  if (findings.length > 0) broken += 1;
}
process.exitCode = broken === 0 ? 0 : 1;
