import { status } from '@grpc/grpc-js';
import type { ModalFaultTable } from '../fault-table.js';
import type { ModalPart, RpcCall } from '../rpc/modal-part.js';
import { RpcError } from '../rpc/rpc-error.js';
import type { ExecProcess } from './exec-process.js';
import type { SandboxMachine } from './sandbox-machine.js';
import type { SandboxFarm } from './sandbox-part.js';
import type { SecretSource } from './sandbox-schema.js';
import type { SecretStore } from './secret-part.js';

const MESSAGES = `
message StringMap { map<string, string> contents = 1; }
message SecretSource { string secret_id = 1; StringMap env = 2; }
message TaskExecStartRequest {
  string task_id = 1; string exec_id = 2; repeated string command_args = 3; int32 stdout_config = 4; int32 stderr_config = 5;
  uint32 timeout_secs = 6; string workdir = 7; map<string, string> env = 12; repeated SecretSource secret_sources = 13;
}
message TaskExecStdioReadRequest { string task_id = 1; string exec_id = 2; uint64 offset = 3; int32 file_descriptor = 4; }
message TaskExecStdioReadResponse { bytes data = 1; }
message TaskExecStdinWriteRequest { string task_id = 1; string exec_id = 2; uint64 offset = 3; bytes data = 4; bool eof = 5; }
message TaskExecRequest { string task_id = 1; string exec_id = 2; }
message TaskExecExit { oneof exit_status { int32 code = 1; int32 signal = 2; } }
message TaskReloadVolumesRequest { string task_id = 1; string container_id = 2; }
`;

const RPCS = `
rpc TaskExecStart (TaskExecStartRequest) returns (Empty);
rpc TaskExecStdioRead (TaskExecStdioReadRequest) returns (stream TaskExecStdioReadResponse);
rpc TaskExecStdinWrite (TaskExecStdinWriteRequest) returns (Empty);
rpc TaskExecWait (TaskExecRequest) returns (TaskExecExit);
rpc TaskExecPoll (TaskExecRequest) returns (TaskExecExit);
rpc TaskReloadVolumes (TaskReloadVolumesRequest) returns (Empty);
`;

interface ExecOf {
  readonly taskId: string;
  readonly execId: string;
}

interface ExecStart extends ExecOf {
  readonly commandArgs: readonly string[];
  readonly workdir: string;
  readonly secretSources: readonly SecretSource[];
}

const STDERR = 1;
/** As a shell tells of a command that does its work badly. */
const FAILING_COMMAND = ['sh', '-c', 'echo "sync: injected failure" >&2; exit 1'];

/** What runs in Sandboxes: commands with their streams, and their mounts. */
export function routerPart(farm: SandboxFarm, secrets: SecretStore, faults: ModalFaultTable): ModalPart {
  const alive = (taskId: string): SandboxMachine => {
    const machine = farm.ofTask(taskId);
    if (machine.result !== null) throw new RpcError(status.UNAVAILABLE, `Sandbox ${machine.id} is gone`);
    return machine;
  };
  const exec = ({ taskId, execId }: ExecOf): ExecProcess => {
    const process_ = alive(taskId).execs.get(execId);
    if (process_ === undefined) throw new RpcError(status.NOT_FOUND, `Exec ${execId} not found`);
    return process_;
  };
  const start = async (request: ExecStart): Promise<object> => {
    const machine = alive(request.taskId);
    const [program, mountPath] = request.commandArgs;
    let argv = request.commandArgs;
    if (program === 'sync' && mountPath !== undefined) {
      if (faults.take('sync') !== null) argv = FAILING_COMMAND;
      else {
        await machine.sync(mountPath);
        argv = ['true'];
      }
    }
    machine.exec(request.execId, argv, secrets.merge(request.secretSources), request.workdir);
    return {};
  };
  return {
    service: 'modal.task_command_router.TaskCommandRouter',
    messages: MESSAGES,
    rpcs: RPCS,
    handlers: {
      TaskExecStart: start,
      TaskExecStdioRead: (request: ExecOf & { offset: number; fileDescriptor: number }, call: RpcCall) =>
        read(alive(request.taskId), exec(request), request, call.signal),
      TaskExecStdinWrite: async (request: ExecOf & { offset: number; data: Buffer; eof: boolean }) => {
        await exec(request).write(request.offset, request.data, request.eof);
        return {};
      },
      TaskExecWait: async (request: ExecOf, call: RpcCall) => {
        const machine = alive(request.taskId);
        await untilFirst([exec(request).ended, machine.ended], call.signal);
        alive(request.taskId);
        return toExit(exec(request));
      },
      TaskExecPoll: (request: ExecOf) => toExit(exec(request)),
      TaskReloadVolumes: async ({ taskId }: { taskId: string }) => {
        await alive(taskId).reload();
        return {};
      },
    },
  };
}

async function* read(
  machine: SandboxMachine,
  process_: ExecProcess,
  { offset, fileDescriptor }: { offset: number; fileDescriptor: number },
  signal: AbortSignal,
): AsyncIterable<object> {
  const lost = new AbortController();
  void machine.ended.then(() => {
    lost.abort();
  });
  const output = fileDescriptor === STDERR ? process_.stderr : process_.stdout;
  yield* output.read(offset, AbortSignal.any([signal, lost.signal]));
  if (machine.result !== null) throw new RpcError(status.UNAVAILABLE, `Sandbox ${machine.id} is gone`);
}

function toExit({ exit }: ExecProcess): object {
  if (exit === null) return {};
  return exit.code === null ? { signal: exit.signal ?? 0 } : { code: exit.code };
}

async function untilFirst(ends: readonly Promise<unknown>[], signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  await Promise.race([...ends, aborted]);
}
