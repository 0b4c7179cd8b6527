import { ArrayNotEmpty, IsIn, IsInt, IsNumber, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { Setting } from './setting.js';

export const EXECUTION_MODES = ['local', 'modal', 'tinker'] as const;
export type ExecutionMode = (typeof EXECUTION_MODES)[number];

export const TENSOR_BACKENDS = ['auto', 'tensorflow', 'wasm'] as const;
export type TensorBackendChoice = (typeof TENSOR_BACKENDS)[number];

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const DATABASE_URL = /^postgres(ql)?:\/\/\S+$/;

/**
 * Every variable that the service reads, in the order of docs/settings.md.
 * Names and defaults that the Python service has are kept.
 */
export class Environment {
  @Setting({
    kind: 'text',
    default: 'local',
    expected: `one of ${EXECUTION_MODES.join(', ')}`,
    description:
      'Where steps run: `local`, a trainer process on this machine; `modal`, a rented GPU (docs/modal.md); `tinker`, a hosted training service (docs/tinker.md).',
  })
  @IsIn(EXECUTION_MODES)
  CLAAS_DISTILL_EXECUTION_MODE!: ExecutionMode;

  @Setting({
    kind: 'text',
    default: '127.0.0.1',
    expected: 'a host name or an IP address',
    description:
      'Address to listen on. There is no authentication: anything but a loopback address opens the service to the network.',
  })
  @Matches(/^[A-Za-z0-9.:_-]+$/)
  CLAAS_API_HOST!: string;

  @Setting({
    kind: 'integer',
    default: 8080,
    expected: 'a port, 0 to 65535 (0 takes a free one)',
    description: 'Port to listen on.',
  })
  @IsInt()
  @Min(0)
  @Max(65_535)
  CLAAS_API_PORT!: number;

  @Setting({
    kind: 'text',
    default: './data',
    expected: 'a directory that can be written',
    description: 'Where the embedded database lies, and the adapters when `CLAAS_LORA_ROOT` can’t be written.',
  })
  @IsString()
  CLAAS_DATA_DIR!: string;

  @Setting({
    kind: 'text',
    default: '/loras',
    expected: 'a directory that can be written',
    description:
      'Where adapters lie. When the default can’t be written, `<CLAAS_DATA_DIR>/loras` is used and a log line says so; a directory that was asked for by name and can’t be written is an error.',
  })
  @IsString()
  CLAAS_LORA_ROOT!: string;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'postgres://user:password@host:port/database',
    description:
      'A PostgreSQL to keep feedback and interactions in; several API processes may share it, with the same `CLAAS_LORA_ROOT`. Without it, a database embedded in `CLAAS_DATA_DIR` is used.',
    secret: true,
  })
  @IsOptional()
  @Matches(DATABASE_URL)
  CLAAS_DATABASE_URL!: string | null;

  @Setting({
    kind: 'text',
    default: 'clay-tiny',
    expected: 'clay-tiny, a directory with a Hugging Face model, or a Hugging Face model id such as Qwen/Qwen3-0.6B',
    description:
      'The base model. `clay-tiny` ships with the project. A Hugging Face id is looked up in the local hub cache and downloaded when it isn’t there.',
  })
  @IsString()
  CLAAS_BASE_MODEL_ID!: string;

  @Setting({
    kind: 'list',
    default: null,
    expected: 'model names separated by commas',
    description: 'Base models that POST /v1/lora/init accepts. Default: the base model alone.',
  })
  @IsOptional()
  @ArrayNotEmpty()
  @Matches(/^[A-Za-z0-9._/-]+$/, { each: true })
  CLAAS_ALLOWED_INIT_BASE_MODELS!: readonly string[] | null;

  @Setting({
    kind: 'integer',
    default: 20,
    expected: 'a whole number, 1 or more',
    description: 'Versions kept of each adapter. The newest is never removed, nor one that is served.',
  })
  @IsInt()
  @Min(1)
  CLAAS_KEEP_VERSIONS!: number;

  @Setting({
    kind: 'text',
    default: 'auto',
    expected: `one of ${TENSOR_BACKENDS.join(', ')}`,
    description:
      'What computes in the trainer. `auto` takes the native library where it is installed, otherwise `wasm`.',
  })
  @IsIn(TENSOR_BACKENDS)
  CLAAS_TENSOR_BACKEND!: TensorBackendChoice;

  @Setting({
    kind: 'number',
    default: 300,
    expected: 'seconds, more than 0',
    description:
      'How long the trainer may stay silent in the middle of a request (a step, loading the base model) before it is ended and restarted.',
  })
  @IsNumber()
  @Min(0.001)
  CLAAS_TRAINER_NO_PROGRESS_TIMEOUT_S!: number;

  @Setting({
    kind: 'number',
    default: 0,
    expected: 'seconds, 0 or more',
    description:
      'Ends the trainer after so long without a request, which gives its memory back; the next request starts it again. 0 keeps it.',
  })
  @IsNumber()
  @Min(0)
  CLAAS_TRAINER_IDLE_TIMEOUT_S!: number;

  @Setting({
    kind: 'number',
    default: 30,
    expected: 'seconds, 0 or more',
    description: 'How long requests that run may take to end after SIGTERM or SIGINT.',
  })
  @IsNumber()
  @Min(0)
  CLAAS_SHUTDOWN_TIMEOUT_S!: number;

  @Setting({
    kind: 'integer',
    default: 1_000_000,
    expected: 'bytes, 1024 or more',
    description: 'Largest JSON request body; a larger one is refused with 413.',
  })
  @IsInt()
  @Min(1024)
  CLAAS_MAX_REQUEST_BYTES!: number;

  @Setting({
    kind: 'integer',
    default: 268_435_456,
    expected: 'bytes, 1024 or more',
    description:
      'Largest adapter archive that POST /v1/lora/import accepts. It is held in memory while it is unpacked.',
  })
  @IsInt()
  @Min(1024)
  CLAAS_MAX_ARCHIVE_BYTES!: number;

  @Setting({
    kind: 'integer',
    default: 1_073_741_824,
    expected: 'bytes, 1024 or more',
    description: 'Largest size of an imported archive once it is unpacked.',
  })
  @IsInt()
  @Min(1024)
  CLAAS_MAX_UNPACKED_BYTES!: number;

  @Setting({
    kind: 'text',
    default: 'info',
    expected: `one of ${LOG_LEVELS.join(', ')}`,
    description:
      'Least severe log line that is written. No level up to `info` writes prompts, answers, feedback or secrets.',
  })
  @IsIn(LOG_LEVELS)
  CLAAS_LOG_LEVEL!: LogLevel;

  @Setting({
    kind: 'text',
    default: './feedback_logs',
    expected: 'a directory that can be written',
    description: 'One JSON file for each feedback, with its texts, as the Python service writes it.',
  })
  @IsString()
  FEEDBACK_LOG_DIR!: string;

  @Setting({
    kind: 'number',
    default: 120,
    expected: 'seconds, 0 or more',
    description:
      'How long POST /v1/feedback waits for its turn on an adapter before it answers 409; the feedback stays queued.',
  })
  @IsNumber()
  @Min(0)
  FEEDBACK_LOCK_TIMEOUT_S!: number;

  @Setting({
    kind: 'number',
    default: 30,
    expected: 'seconds, 0 or more',
    description:
      'How long a step waits for a server that shares its accelerator to become idle before it fails with 503.',
  })
  @IsNumber()
  @Min(0)
  FEEDBACK_DRAIN_TIMEOUT_S!: number;

  @Setting({
    kind: 'text',
    default: 'https://huggingface.co',
    expected: 'an http or https address',
    description: 'Where base models are downloaded from.',
  })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  HF_ENDPOINT!: string;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'a Hugging Face access token',
    description: 'For base models that need permission.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  HF_TOKEN!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'a directory',
    description:
      'The local hub cache. Default: the `hub` folder of `HF_HOME`, which is `~/.cache/huggingface` by default.',
  })
  @IsOptional()
  @IsString()
  HF_HUB_CACHE!: string | null;
}
