import { describe, expect, it } from 'vitest';
import { CommandLineError, readCommandLine } from './command-line.js';

describe('the command line', () => {
  it('has a default for everything but the command', () => {
    expect(readCommandLine(['image'])).toEqual({
      command: 'image',
      app: 'claas',
      isDryRun: false,
      tag: 'claas-trainer:latest',
      from: null,
      registrySecret: null,
      image: 'claas-trainer:latest',
      port: 8080,
      isEphemeral: false,
    });
    expect(readCommandLine(['--help'])).toBe('help');
  });

  it.each([
    [[], /image, service, status, stop/],
    [['deploy'], /image, service, status, stop/],
    [['image', 'service'], /image, service, status, stop/],
    [['image', '--port', '80'], /--port belongs to service/],
    [['service', '--tag', 'a:b'], /--tag belongs to image/],
    [['service', '--port', 'http'], /1 to 65535/],
    [['image', '--registry-secret', 'x'], /--from/],
    [['image', '--colour'], /--colour/],
  ])('refuses %j', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(CommandLineError);
    expect(() => readCommandLine(args)).toThrow(message);
  });
});
