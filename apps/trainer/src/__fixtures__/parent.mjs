/*
 * Starts the trainer as a child, says its process id, and does nothing else until it is killed. With `inherit` the child
 * has this process's own stdin, which stays open when this process dies.
 */
import { spawn } from 'node:child_process';

const [program, stdin] = process.argv.slice(2);
const child = spawn(process.execPath, [program], {
  env: { CLAAS_TENSOR_BACKEND: 'wasm' },
  stdio: [stdin, 'pipe', 'ignore'],
});
process.stdout.write(`${child.pid}\n`);
child.stdout.pipe(process.stdout);
if (stdin === 'pipe') process.stdin.pipe(child.stdin);
