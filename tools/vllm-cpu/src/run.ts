import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Run } from './environment.js';

const LAST_LINES = 8;

/** Rejects with the last lines of the program's error output. */
export const run: Run = (command, args, onLine) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const last: string[] = [];
    createInterface({ input: child.stdout }).on('line', onLine);
    createInterface({ input: child.stderr }).on('line', (line) => {
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0] ?? ''} ended with ${code ?? 'a signal'}:\n${last.join('\n')}`));
    });
  });
