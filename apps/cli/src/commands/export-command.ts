import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { localError, usageError } from '../errors/command-error.js';
import { describeFileError } from '../input/read-text.js';
import { bytes } from '../output/numbers.js';
import { wholeNumber } from '../program/option-values.js';
import type { Run } from '../program/session.js';

interface ExportOptions {
  readonly at?: number;
  readonly output?: string;
  readonly force?: true;
}

export function addExportCommand(program: Command, run: Run): void {
  program
    .command('export')
    .summary('save a version as a PEFT archive')
    .description('Saves a version of an adapter as a zip in PEFT’s layout, which PEFT, vLLM and `claas import` read.')
    .argument('<adapter>', 'id or alias')
    .addOption(new Option('--at <version>', 'version (default: the one that answers)').argParser(wholeNumber))
    .option('-o, --output <file>', 'where to write; - is standard output (default: the name that the service proposes)')
    .option('-f, --force', 'overwrite a file that exists')
    .addHelpText('after', '\nExamples:\n  claas export me/first\n  claas export me/first --at 3 -o third.zip')
    .action(async (adapter: string, options: ExportOptions, command: Command) => {
      await run(command, async ({ client, output, stdout }) => {
        if (options.output === '-' && output.json)
          throw usageError('--json and --output - can’t share standard output.');
        if (options.output === '-' && output.isTerminal)
          throw usageError('A zip doesn’t go to a terminal: name a file.');
        const { archive, name } = await client.export(adapter, options.at ?? null);
        if (options.output === '-') {
          await pipeline(archive, stdout, { end: false });
          return;
        }
        const file = options.output ?? name;
        const size = await save(archive, file, options.force === true);
        output.result({ file, size_bytes: size }, () => output.colors.green(`Saved ${file} (${bytes(size)}).`));
      });
    });
}

/** Complete or not at all. */
async function save(archive: Readable, file: string, mayOverwrite: boolean): Promise<number> {
  const draft = `${file}.${process.pid}.part`;
  try {
    if (!mayOverwrite && (await isThere(file))) {
      throw localError(`${file} exists already. --force overwrites it, --output names another.`);
    }
    await pipeline(archive, createWriteStream(draft, { flags: 'wx' }));
    await rename(draft, file);
    return (await stat(file)).size;
  } catch (error) {
    archive.destroy();
    await rm(draft, { force: true });
    if (error instanceof Error && 'syscall' in error) {
      throw localError(`${file} can't be written: ${describeFileError(error)}.`);
    }
    throw error;
  }
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
