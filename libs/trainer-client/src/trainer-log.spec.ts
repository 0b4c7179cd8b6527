import { describe, expect, it } from 'vitest';
import { parseLogLine } from './trainer-log.js';

describe('parseLogLine', () => {
  it("reads the trainer's own lines", () => {
    const line = '{"level":"warn","message":"slow","ms":12}';
    expect(parseLogLine(line)).toEqual({ level: 'warn', message: 'slow', fields: { ms: 12 } });
  });

  it.each([
    'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
    'I0000 00:00:1795462569.409874   16686 port.cc:153] oneDNN custom operations are on.',
    'To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.',
  ])("keeps TensorFlow's start notice out of the way: %s", (line) => {
    expect(parseLogLine(line)).toEqual({ level: 'debug', message: line, fields: {} });
  });

  it.each(['E0000 00:00:1.2 3 gpu.cc:1] out of memory', '{"level":"loud","message":"x"}', 'null', 'terminate called'])(
    'keeps anything else as it is: %s',
    (line) => {
      expect(parseLogLine(line)).toEqual({ level: 'info', message: line, fields: {} });
    },
  );
});
