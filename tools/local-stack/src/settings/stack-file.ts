import { z } from 'zod';

const seconds = z.number().positive();
const command = z.array(z.string().min(1)).min(1);
const variables = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));
const port = z.number().int().min(1).max(65535);

/** The file that describes a stack; every part may be left out. docs/local-stack.md explains each. */
export const stackFile = z.strictObject({
  data_dir: z.string().min(1).optional(),
  log_file: z.string().min(1).optional(),
  adapters: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        rank: z.number().int().optional(),
        alpha: z.number().optional(),
        seed: z.number().int().optional(),
      }),
    )
    .default([]),
  api: z
    .strictObject({ host: z.string().min(1).optional(), port: port.optional(), env: variables.default({}) })
    .default({ env: {} }),
  vllm: z
    .strictObject({
      /** What vLLM loads: a Hugging Face id or a directory. */
      model: z.string().min(1).optional(),
      port: port.default(8000),
      gpu_memory_utilization: z.number().gt(0).max(1).default(0.5),
      max_model_len: z.number().int().positive().optional(),
      max_lora_rank: z.literal([8, 16, 32, 64, 128, 256]).default(64),
      max_loras: z.number().int().positive().default(4),
      args: z.array(z.string()).default([]),
      program: command.default(['vllm']),
      /** All of it, instead of what the values above make. */
      command: command.optional(),
      env: variables.default({}),
    })
    .optional(),
  gateway: z
    .strictObject({
      command,
      /** Answers anything when the gateway is up. */
      url: z.url().optional(),
      env: variables.default({}),
    })
    .optional(),
  limits: z
    .strictObject({
      vllm_start_s: seconds.default(900),
      api_start_s: seconds.default(180),
      gateway_start_s: seconds.default(120),
      look_every_s: seconds.default(2),
      unresponsive_s: seconds.default(60),
      stop_s: seconds.default(45),
      first_pause_s: z.number().min(0).default(1),
      longest_pause_s: seconds.default(60),
      settled_s: seconds.default(60),
      failures: z.number().int().min(1).default(8),
    })
    .prefault({}),
});

export type StackFile = z.output<typeof stackFile>;
