import { workerData } from 'node:worker_threads';

const CHECK_MS = 500;

setInterval(() => {
  // A child whose parent has died gets another one. SIGKILL, because the main thread may be deep in native code.
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, CHECK_MS);
