import { IsBoolean, IsIn, IsNumber, IsOptional, IsString, IsUrl, Min } from 'class-validator';
import { Setting } from './setting.js';

export const VLLM_DTYPES = ['bfloat16', 'float16', 'float32'] as const;
export type VllmDtype = (typeof VLLM_DTYPES)[number];

const ADDRESS = { require_tld: false, protocols: ['http', 'https'], require_protocol: true };

/** Answers through a vLLM server, in mode `local`: docs/vllm.md. */
export class VllmEnvironment {
  @Setting({
    kind: 'text',
    default: null,
    expected: 'an http or https address, for example http://127.0.0.1:8000',
    description:
      'A vLLM server that answers, in mode `local`; steps still run in the trainer on this machine. Without it the trainer answers.',
  })
  @IsOptional()
  @IsUrl(ADDRESS)
  VLLM_BASE_URL!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'the key that the server was started with',
    description: 'Sent to the vLLM server.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  VLLM_API_KEY!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'a name of --served-model-name',
    description: 'What the vLLM server calls the base model. Default: the server is asked.',
  })
  @IsOptional()
  @IsString()
  CLAAS_VLLM_MODEL!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'an absolute path',
    description:
      'Where the vLLM server sees the directory of `CLAAS_LORA_ROOT`, when its file system is another one (a container, a mount). Default: the same path.',
  })
  @IsOptional()
  @IsString()
  CLAAS_VLLM_LORA_ROOT!: string | null;

  @Setting({
    kind: 'flag',
    default: true,
    expected: 'yes or no',
    description:
      'Whether the vLLM server shares an accelerator with the trainer: it then sleeps while a step runs. `no` where each has its own.',
  })
  @IsBoolean()
  CLAAS_VLLM_SHARES_ACCELERATOR!: boolean;

  @Setting({
    kind: 'text',
    default: 'bfloat16',
    expected: `one of ${VLLM_DTYPES.join(', ')}`,
    description:
      'What the vLLM server computes in (`--dtype`), which decides how far its log-probs may be from the trainer’s when a version is verified.',
  })
  @IsIn(VLLM_DTYPES)
  CLAAS_VLLM_DTYPE!: VllmDtype;

  @Setting({
    kind: 'flag',
    default: false,
    expected: 'yes or no',
    description:
      'Score tokens only while the vLLM server answers nothing else. Needed for a server on a CPU, whose engine dies otherwise (seen with 0.32.0).',
  })
  @IsBoolean()
  CLAAS_VLLM_SCORES_ALONE!: boolean;

  @Setting({
    kind: 'number',
    default: 120,
    expected: 'seconds, more than 0',
    description:
      'How long a request waits for a vLLM server that sleeps or is away, before it is refused with 503 and Retry-After.',
  })
  @IsNumber()
  @Min(0.001)
  CLAAS_VLLM_ASLEEP_TIMEOUT_S!: number;

  @Setting({
    kind: 'number',
    default: 300,
    expected: 'seconds, more than 0',
    description: 'How long the vLLM server may stay silent in the middle of an answer.',
  })
  @IsNumber()
  @Min(0.001)
  CLAAS_VLLM_ANSWER_TIMEOUT_S!: number;

  @Setting({
    kind: 'number',
    default: 20,
    expected: 'gigabytes, 0 or more',
    description:
      'Free accelerator memory to wait for once the vLLM server sleeps, as `nvidia-smi` tells it. 0, or no `nvidia-smi`: not looked at.',
  })
  @IsNumber()
  @Min(0)
  FEEDBACK_MIN_FREE_VRAM_GB!: number;

  @Setting({
    kind: 'number',
    default: 30,
    expected: 'seconds, 0 or more',
    description: 'How long to wait for that memory; the step then runs all the same, with a warning in the log.',
  })
  @IsNumber()
  @Min(0)
  FEEDBACK_SLEEP_VERIFY_TIMEOUT_S!: number;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'an http or https address',
    description: 'A second vLLM server, whose model teaches where a feedback asks for `"teacher_mode": "remote"`.',
  })
  @IsOptional()
  @IsUrl(ADDRESS)
  CLAAS_TEACHER_BASE_URL!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'a name of --served-model-name',
    description: 'What that server calls the teacher. It must have the base model’s vocabulary.',
  })
  @IsOptional()
  @IsString()
  CLAAS_TEACHER_MODEL!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'the key that the teacher’s server was started with',
    description: 'Sent to the teacher’s server.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  CLAAS_TEACHER_API_KEY!: string | null;

  @Setting({
    kind: 'number',
    default: 120,
    expected: 'seconds, more than 0',
    description: 'How long the teacher may take to score one answer.',
  })
  @IsNumber()
  @Min(0.001)
  CLAAS_TEACHER_TIMEOUT_S!: number;
}
