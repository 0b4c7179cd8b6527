import { existsSync } from 'node:fs';
import { gigabytes } from '../gigabytes.js';
import { ok, problem, warning, type Finding } from '../finding.js';
import type { Check } from '../patient.js';

const QUERY = [
  'nvidia-smi',
  '--query-gpu=name,driver_version,memory.total,memory.free',
  '--format=csv,noheader,nounits',
];
const MIB = 1024 ** 2;
/** CUDA 12 runs from this driver on. */
const OLDEST_DRIVER = 525;

interface Gpu {
  readonly name: string;
  readonly driver: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** The GPU is a must for vLLM and a gain for the rest. */
export const checkGpu: Check = async ({ settings, plan, minGpuMemoryBytes, run }) => {
  const needsGpu = plan.services.some(({ name }) => name === 'vllm');
  const blame = needsGpu ? problem : warning;
  const output = await run(QUERY, settings.env);
  const gpus = output?.exitCode === 0 ? parse(output.stdout) : [];
  if (gpus.length === 0) return [blame('gpu', ...noGpu(needsGpu, output !== null))];
  return gpus.flatMap((gpu, index) =>
    describe(gpu, gpus.length === 1 ? '' : ` ${index}`, needsGpu ? minGpuMemoryBytes : 0),
  );
};

function noGpu(needsGpu: boolean, hasProgram: boolean): [string, string] {
  const isLoaded = existsSync('/proc/driver/nvidia/version');
  const less = needsGpu
    ? 'Leave `vllm` out of the configuration: the model that ships answers on the CPU.'
    : 'Nothing has to be done: steps and answers run on the CPU, which is enough for small models.';
  if (isLoaded)
    return [
      'An NVIDIA driver is loaded, but nvidia-smi shows no GPU.',
      'Reboot after a driver update; in a container, start it with --gpus all.',
    ];
  if (hasProgram) return ['nvidia-smi can’t talk to a driver.', `Install or reload the NVIDIA driver. ${less}`];
  return [
    'No NVIDIA GPU: there is neither nvidia-smi nor a driver.',
    `Install the NVIDIA driver if this machine has a GPU. ${less}`,
  ];
}

function describe({ name, driver, totalBytes, freeBytes }: Gpu, number: string, minBytes: number): Finding[] {
  const release = Number(driver.split('.')[0]);
  return [
    ok(`gpu${number}`, `${name}, ${gigabytes(totalBytes)}`),
    release >= OLDEST_DRIVER
      ? ok(`driver${number}`, `NVIDIA driver ${driver}`)
      : problem(
          `driver${number}`,
          `The NVIDIA driver ${driver} is too old for CUDA 12.`,
          `Install driver ${OLDEST_DRIVER} or newer.`,
        ),
    freeBytes >= minBytes
      ? ok(`gpu_memory${number}`, `${gigabytes(freeBytes)} free`)
      : problem(
          `gpu_memory${number}`,
          `${gigabytes(freeBytes)} of the GPU's memory are free, ${gigabytes(minBytes)} are needed.`,
          'End what uses it (nvidia-smi shows it), take a smaller model, or give --min-gpu-memory.',
        ),
  ];
}

function parse(text: string): Gpu[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line.includes(','))
    .map((line) => {
      const [name = '', driver = '', total = '0', free = '0'] = line.split(',').map((field) => field.trim());
      return { name, driver, totalBytes: Number(total) * MIB, freeBytes: Number(free) * MIB };
    });
}
