import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { localError } from '../errors/command-error.js';
import { describeFileError } from '../input/read-text.js';
import type { Run } from '../program/session.js';

export function addImportCommand(program: Command, run: Run): void {
  program
    .command('import')
    .summary('make an adapter from a PEFT archive')
    .description('Makes a new adapter from a zip in PEFT’s layout. It is checked against the base model first.')
    .argument('<name>', 'name of the new adapter')
    .argument('<file>', 'the zip; - is standard input')
    .addHelpText('after', '\nExample:\n  claas import me/copy first.zip')
    .action(async (name: string, file: string, _options: object, command: Command) => {
      await run(command, async ({ client, output, stdin }) => {
        const archive = file === '-' ? await buffer(stdin) : await readArchive(file);
        const created = await client.import(name, archive);
        output.result(created, () => output.colors.green(`Made ${created.lora_id}.`));
      });
    });
}

async function readArchive(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw localError(`${file} can't be read: ${describeFileError(error)}.`);
  }
}
