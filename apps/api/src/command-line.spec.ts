import { describe, expect, it } from 'vitest';
import { CommandLineError, parseCommand } from './command-line.js';

describe('parseCommand', () => {
  it.each([
    [[], 'serve'],
    [['--help'], 'help'],
    [['--version'], 'version'],
    [['--print-config'], 'print-config'],
    [['--print-config', '--help'], 'help'],
  ] as const)('takes %j as %s', (args, command) => {
    expect(parseCommand(args)).toBe(command);
  });

  it.each([[['--port', '1']], [['serve']]])('refuses %j and shows what there is', (args) => {
    expect(() => parseCommand(args)).toThrow(CommandLineError);
    expect(() => parseCommand(args)).toThrow(/--print-config/);
  });
});
