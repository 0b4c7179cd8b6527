/**
 * Ends with 0 when a trainer of this container loads the model that ships and computes as it should. The trainer that
 * works can't be asked: its stdin belongs to whoever started it.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const root = path.resolve(import.meta.dirname, '..');
const wanted = process.env.CLAAS_TENSOR_BACKEND || 'auto';
const child = spawn(process.execPath, [path.join(root, 'apps/trainer/dist/main.js')], {
  stdio: ['pipe', 'pipe', 'ignore'],
});
const timer = setTimeout(() => fail('it has not loaded the model in 50 s'), 50_000);
child.on('error', (error) => fail(error.message));
child.on('exit', (code) => fail(`it ended with ${code}`));
createInterface({ input: child.stdout }).on('line', (line) => {
  const { error, result } = JSON.parse(line);
  if (error !== undefined) fail(error.message);
  if (result === undefined) return;
  if (wanted !== 'auto' && result.tensorBackend !== wanted) fail(`it computes on ${result.tensorBackend}`);
  clearTimeout(timer);
  child.removeAllListeners('exit');
  child.kill();
  console.log(`ok: ${result.tensorBackend}`);
});
const params = { modelDirectory: path.join(root, 'models/clay-tiny/model'), baseModel: 'clay-tiny' };
child.stdin.write(`${JSON.stringify({ id: 1, method: 'load', params })}\n`);

function fail(reason) {
  console.error(`The trainer can't work: ${reason}.`);
  child.kill('SIGKILL');
  process.exit(1);
}
