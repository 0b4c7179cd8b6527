/** What a trainer may know of its parent's environment: how to compute, where models are, how to reach the hub. */
const PASSED_ON =
  /^(CLAAS_TENSOR_BACKEND|CLAAS_CACHE_DIR|HF_.*|HUGGINGFACE_.*|XDG_CACHE_HOME|HOME|PATH|TMPDIR|LANG|LC_.*|TZ|TF_.*|OMP_.*|ONEDNN_.*|DNNL_.*|MALLOC_.*|CUDA_.*|NVIDIA_.*|LD_LIBRARY_PATH|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/;

/**
 * What a trainer is told unless the environment says otherwise. TensorFlow's notes would fill the log; its own pool of memory is a tenth faster than
 * returning and fetching every tensor's pages; operations side by side
 * would each have their own intermediate results in memory, and one uses all processors anyway; on a GPU it would take all memory at once.
 */
const DEFAULTS = {
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_CPU_ALLOCATOR_USE_BFC: 'true',
  TF_NUM_INTEROP_THREADS: '1',
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
} as const;

/** `DEFAULTS`, and the part of `environment` that a trainer is started with; the service's own secrets stay behind. */
export function trainerEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passedOn = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && PASSED_ON.test(entry[0]),
  );
  return { ...DEFAULTS, ...Object.fromEntries(passedOn) };
}
