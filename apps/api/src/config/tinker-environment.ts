import { IsInt, IsOptional, IsUrl, Matches, Min } from 'class-validator';
import { PRINTABLE } from './printable.js';
import { Setting } from './setting.js';

/** Steps and answers on a Tinker service, in mode `tinker`: docs/tinker.md. */
export class TinkerEnvironment {
  @Setting({
    kind: 'text',
    default: 'https://tinker.thinkingmachines.dev/services/tinker-prod',
    expected: 'an http or https address, what stands before /api/v1',
    description: 'The Tinker service; third-party servers speak the same protocol.',
  })
  @IsUrl({
    require_tld: false,
    protocols: ['http', 'https'],
    require_protocol: true,
    allow_query_components: false,
    allow_fragments: false,
  })
  CLAAS_TINKER_BASE_URL!: string;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'a key of the service, tml-… for the public one, without spaces or quotation marks',
    description: 'Needed in mode `tinker`. The service’s console makes a key.',
    secret: true,
  })
  @IsOptional()
  @Matches(PRINTABLE)
  CLAAS_TINKER_API_KEY!: string | null;

  @Setting({
    kind: 'text',
    default: 'Qwen/Qwen3-8B',
    expected: 'a dense model of the service, by its Hugging Face id',
    description:
      'The base model in mode `tinker`, instead of `CLAAS_BASE_MODEL_ID`. Its tokenizer and chat template are downloaded where they aren’t in the local hub cache; its weights stay with the service.',
  })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
  CLAAS_TINKER_BASE_MODEL!: string;

  @Setting({
    kind: 'integer',
    default: 20,
    expected: 'a whole number, 1 or more',
    description:
      'How many alternatives per token the Tinker service is asked for at most: the largest `top_k`, and the one that is taken when a feedback names none.',
  })
  @IsInt()
  @Min(1)
  CLAAS_TINKER_MAX_TOP_K!: number;
}
