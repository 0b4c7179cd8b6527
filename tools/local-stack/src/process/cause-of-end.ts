/** How a process ended, in words. */
export interface End {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** "killed by SIGKILL: …", "exit code 1". */
  readonly cause: string;
  /** What to do about it; null where only its own lines say it. */
  readonly remedy: string | null;
  /** False when it makes no sense to start it again, because it can't be started at all. */
  readonly mayRestart: boolean;
  readonly lastLines: readonly string[];
}

export interface RawEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it never ran; null when it did. */
  readonly notStarted: string | null;
  readonly lastLines: readonly string[];
}

const GPU_MEMORY =
  /CUDA out of memory|OutOfMemoryError|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED|No available memory for the cache blocks|Free memory on device .* is less than desired|HIP out of memory/i;
const MAIN_MEMORY = /heap out of memory|Cannot allocate memory|std::bad_alloc|ENOMEM|MemoryError/;
const KILLED = 137;

export function causeOfEnd({ exitCode, signal, notStarted, lastLines }: RawEnd): End {
  const end = { exitCode, signal, lastLines, mayRestart: notStarted === null };
  if (notStarted !== null) {
    const remedy = 'Install it, or say in the configuration where it is; `claas-stack doctor` looks at everything.';
    return { ...end, cause: `it can't be started (${notStarted})`, remedy };
  }
  const how = signal !== null ? `killed by ${signal}` : `exit code ${exitCode ?? 'unknown'}`;
  const text = lastLines.join('\n');
  if (GPU_MEMORY.test(text)) {
    const remedy =
      'Lower vllm.gpu_memory_utilization or vllm.max_model_len, or end what else uses the GPU (nvidia-smi).';
    return { ...end, cause: `out of GPU memory (${how})`, remedy };
  }
  if (MAIN_MEMORY.test(text)) {
    return {
      ...end,
      cause: `out of memory (${how})`,
      remedy: 'Give this machine more memory, or take a smaller base model.',
    };
  }
  if (signal === 'SIGKILL' || exitCode === KILLED) {
    const remedy = 'The system kills what takes the last memory: `dmesg | grep -i oom` says whether that was it.';
    return { ...end, cause: `${how}, perhaps out of memory`, remedy };
  }
  return { ...end, cause: how, remedy: null };
}
