import { logOf } from './settings/native-settings.js';
import type { NativeSettings } from './settings/native-settings.js';
import { SetUpError } from './set-up/set-up-error.js';
import type { SetUpResult } from './set-up/set-up-native-runtime.js';

const LOST = 'WebAssembly (one CPU thread, float32, much slower)';
const RETRY = '`npm run setup:native` tries again';

/** What a finished run comes to, as one line; `important` lines are shown to a quiet run too. */
export interface ReportLine {
  readonly text: string;
  readonly important: boolean;
}

/** What is the case after a failure. `hasRuntime`: is a sound runtime in place all the same? */
function lostWithout(hasRuntime: boolean): string {
  return hasRuntime ? 'The native library stays as it was' : `No native library, running on ${LOST}`;
}

/** @param now milliseconds since 1970 */
export function reportLine(
  result: SetUpResult,
  settings: NativeSettings,
  hasRuntime: boolean,
  now: number,
): ReportLine {
  switch (result.state) {
    case 'skipped':
      return { text: 'The native library is not wanted (CLAAS_TENSOR_BACKEND=wasm).', important: false };
    case 'remembered': {
      const hours = Math.floor((now - result.failure.at) / 3_600_000);
      const age = hours === 0 ? 'less than an hour ago' : `${hours} h ago`;
      return {
        text: `${lostWithout(hasRuntime)}: ${result.failure.message} (tried ${age}; ${RETRY}).`,
        important: true,
      };
    }
    case 'present':
    case 'built': {
      const device = result.gpu ? 'with GPU' : 'CPU';
      const idle = settings.hasNvidiaDriver && !result.gpu;
      const hint = idle ? '. The GPU of this machine is not used: docs/native-runtime.md says how' : '';
      return {
        text: `Native library: TensorFlow ${result.tensorflowVersion}, ${device}, from ${result.source}${hint}.`,
        important: result.state === 'built' || idle,
      };
    }
  }
}

/** @param hasRuntime is a sound runtime in place all the same? @param settings null when they can't be read */
export function failureLine(error: unknown, settings: NativeSettings | null, hasRuntime: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  const lost = lostWithout(hasRuntime);
  if (!(error instanceof SetUpError)) return `${lost}: ${message} (${RETRY}).`;
  const log = error.isCostly && settings !== null ? ` Details: ${logOf(settings)}` : '';
  return `${lost}: ${error.message}. To get it: ${error.remedy}.${log}`;
}
