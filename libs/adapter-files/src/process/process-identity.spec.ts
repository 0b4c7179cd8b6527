import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { PROCESS_IDENTITY, isProcessGone } from './process-identity.js';

const AGE = { ageMs: 5000, foreignAfterMs: 1000 };

describe('isProcessGone', () => {
  it('knows that this process is there, also by a longer text', () => {
    expect(isProcessGone(PROCESS_IDENTITY, AGE)).toBe(false);
    expect(isProcessGone(`${PROCESS_IDENTITY}~more`, AGE)).toBe(false);
  });

  it('knows that a process has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const identity = PROCESS_IDENTITY.replace(String(process.pid), String(child.pid));
    await once(child, 'exit');
    expect(isProcessGone(identity, AGE)).toBe(true);
  });

  it('goes by the age alone for another host', () => {
    const foreign = PROCESS_IDENTITY.replace(/[^~]*$/, 'elsewhere');
    expect(isProcessGone(foreign, AGE)).toBe(true);
    expect(isProcessGone(foreign, { ...AGE, ageMs: 500 })).toBe(false);
  });
});
