/*
 * Starts the trainer as a child, says its process id, and does nothing else until it is killed. With `inherit` the child
 * has this process's own stdin and stdout, which stay open when this process dies.
 */
import { spawn } from 'node:child_process';

const [program, streams] = process.argv.slice(2);
const child = spawn(process.execPath, [program], {
  env: { CLAAS_TENSOR_BACKEND: 'wasm' },
  stdio: [streams, streams, 'ignore'],
});
process.stdout.write(`${child.pid}\n`);
if (streams === 'pipe') {
  child.stdout.pipe(process.stdout);
  process.stdin.pipe(child.stdin);
}
