import { checkDisk } from './checks/check-disk.js';
import { checkGateway } from './checks/check-gateway.js';
import { checkGpu } from './checks/check-gpu.js';
import { checkMemory } from './checks/check-memory.js';
import { checkModel } from './checks/check-model.js';
import { checkNativeRuntime } from './checks/check-native-runtime.js';
import { checkNode } from './checks/check-node.js';
import { checkPorts } from './checks/check-ports.js';
import { checkVllm } from './checks/check-vllm.js';
import { problem, type Finding } from './finding.js';
import type { Check, Patient } from './patient.js';

const CHECKS: Readonly<Record<string, Check>> = {
  node: checkNode,
  native_runtime: checkNativeRuntime,
  gpu: checkGpu,
  memory: checkMemory,
  disk: checkDisk,
  ports: checkPorts,
  model: checkModel,
  vllm: checkVllm,
  gateway: checkGateway,
};

/** All that is looked at; a look that fails is a finding too. */
export async function examine(patient: Patient): Promise<Finding[]> {
  const findings = await Promise.all(
    Object.entries(CHECKS).map(([name, check]) =>
      check(patient).catch((error: unknown) => [
        problem(
          name,
          `It can't be looked at: ${(error as Error).message}.`,
          'Please report this with the output of `claas-stack doctor --json`.',
        ),
      ]),
    ),
  );
  return findings.flat();
}
