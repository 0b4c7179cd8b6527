import { execa } from 'execa';
import type { RunProgram } from './patient.js';

/** `vllm --version` imports PyTorch, which takes a while on a cold disk. */
const LIMIT_MS = 90_000;

export const runProgram: RunProgram = async ([program = '', ...args], env = process.env) => {
  const { exitCode, stdout, code } = await execa(program, args, {
    env: { ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: LIMIT_MS,
  });
  if (code === 'ENOENT' || code === 'EACCES') return null;
  return { exitCode: exitCode ?? 1, stdout };
};
