import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory, nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { parseArguments, USAGE } from './arguments.js';
import type { BenchArguments } from './arguments.js';
import { measuredBackends } from './contestant/measured-backends.js';
import { findPytorch } from './contestant/pytorch-program.js';
import { describeMachine } from './machine/describe-machine.js';
import { benchReport, hasFailures } from './report/bench-report.js';
import type { BackendResult } from './report/bench-report.js';
import { gibibytes } from './report/format.js';
import { Progress } from './report/progress.js';
import type { BenchContext } from './sections/bench-context.js';
import { measureGeneration } from './sections/measure-generation.js';
import { measureScaling } from './sections/measure-scaling.js';
import { measureSteps } from './sections/measure-steps.js';

const FAILED = 1;
const WRONG_USE = 2;

async function bench(args: BenchArguments): Promise<void> {
  const say = (text: string): void => {
    process.stdout.write(`${text}\n\n`);
  };
  const machine = describeMachine();
  const runtime = readNativeRuntime(nativeRuntimeDirectory(process.env));
  const { backends, remarks } = measuredBackends(args, runtime.state === 'ready' ? null : runtime.reason);
  const usesPytorch = backends.includes('tensorflow') && args.sections.some((section) => section !== 'scaling');
  const pytorch = usesPytorch
    ? await findPytorch(args.python)
    : { missing: 'nothing that is measured has a counterpart' };
  say(
    `${machine.processors} × ${machine.processor}, ${gibibytes(machine.memory_bytes)} GiB, Node ${machine.node}, ` +
      `${args.threads} compute threads, load ${machine.load.map((load) => load.toFixed(1)).join(' ')}, ${machine.time}`,
  );
  for (const remark of remarks) say(`NOTE: ${remark}`);
  if (usesPytorch) {
    say(
      'missing' in pytorch
        ? `NOTE: no side-by-side with PyTorch: ${pytorch.missing}. --python names another.`
        : pytorch.versions,
    );
  }

  const cache = path.join(cacheDirectory(process.env), 'bench');
  const context: BenchContext = { args, cache, pytorch, progress: new Progress(process.stderr) };
  const results = [];
  for (const backend of backends) {
    const result: BackendResult = {
      steps: args.sections.includes('step') ? await measureSteps(context, backend) : null,
      generation: args.sections.includes('generation') ? await measureGeneration(context, backend) : null,
      scaling: args.sections.includes('scaling') ? await measureScaling(context, backend) : null,
    };
    results.push({ backend, ...result });
    say(benchReport(result));
    if (hasFailures(result)) process.exitCode = FAILED;
  }
  if (args.json !== null) {
    const content = { machine, arguments: args, pytorch, remarks, results };
    await writeFile(args.json, `${JSON.stringify(content, null, 2)}\n`);
    say(`Every number: ${args.json}`);
  }
}

try {
  const args = parseArguments(process.argv.slice(2));
  if (args === null) process.stdout.write(`${USAGE}\n`);
  else await bench(args);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = WRONG_USE;
}
