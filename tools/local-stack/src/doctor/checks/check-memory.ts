import { totalmem } from 'node:os';
import { gigabytes } from '../gigabytes.js';
import { ok, problem } from '../finding.js';
import type { Check } from '../patient.js';

/** What this process, and with it the stack, may still take: a container's limit counts. */
export const checkMemory: Check = ({ minMemoryBytes }) => {
  const available = process.availableMemory();
  const text = `${gigabytes(available)} of ${gigabytes(totalmem())} memory are available`;
  if (available >= minMemoryBytes) return Promise.resolve([ok('memory', text)]);
  const remedy = 'End other programs, raise the container’s limit, take a smaller base model, or give --min-memory.';
  return Promise.resolve([problem('memory', `${text}, ${gigabytes(minMemoryBytes)} are needed.`, remedy)]);
};
