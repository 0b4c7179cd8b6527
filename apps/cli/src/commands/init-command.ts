import { Option, type Command } from 'commander';
import { list, wholeNumber } from '../program/option-values.js';
import type { Run } from '../program/session.js';

interface InitOptions {
  readonly rank?: number;
  readonly alpha?: number;
  readonly seed?: number;
  readonly baseModel?: string;
  readonly targetModules?: string[];
  readonly ifMissing?: true;
}

export function addInitCommand(program: Command, run: Run): void {
  program
    .command('init')
    .summary('make an adapter')
    .description(
      'Makes an untrained adapter. It gets the id <name>-init; <name> and <name>-latest are names for it too.',
    )
    .argument('<name>', '1 to 4 parts of letters, digits, ".", "_", "-", joined by "/"')
    .addOption(new Option('-r, --rank <n>', 'rank, 4 to 128 (default 32)').argParser(wholeNumber))
    .addOption(new Option('--alpha <n>', 'scale, 8 to 256 (default 64)').argParser(wholeNumber))
    .addOption(new Option('--seed <n>', 'seed of the untrained weights (default random)').argParser(wholeNumber))
    .option('--base-model <name>', 'base model (default: the service’s own)')
    .addOption(new Option('--target-modules <list>', 'modules that it changes, such as q_proj,v_proj').argParser(list))
    .option('--if-missing', 'no error when it exists already')
    .addHelpText('after', '\nExamples:\n  claas init me/first\n  claas init me/small --rank 8 --alpha 16 --seed 1')
    .action(async (name: string, options: InitOptions, command: Command) => {
      await run(command, async ({ client, output }) => {
        const { rank, alpha, seed, baseModel, targetModules } = options;
        if (options.ifMissing && (await exists(client, name))) {
          output.result({ lora_id: `${name}-init`, created: false }, () => `${name} exists already.`);
          return;
        }
        const created = await client.init({
          lora_id: name,
          ...(rank !== undefined && { lora_r: rank }),
          ...(alpha !== undefined && { lora_alpha: alpha }),
          ...(seed !== undefined && { seed }),
          ...(baseModel !== undefined && { base_model: baseModel }),
          ...(targetModules !== undefined && { target_modules: targetModules }),
        });
        output.result(created, () => output.colors.green(`Made ${created.lora_id}.`));
        output.note(`\`claas chat ${name}\` talks to it.`);
      });
    });
}

async function exists(
  client: { list(prefix: string): Promise<{ loras: readonly string[] }> },
  name: string,
): Promise<boolean> {
  return (await client.list(name)).loras.includes(`${name}-init`);
}
