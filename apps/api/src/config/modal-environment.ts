import { IsInt, IsOptional, Matches, Min } from 'class-validator';
import { PRINTABLE } from './printable.js';
import { Setting } from './setting.js';

/** Modal's own rule for the names of Apps, Volumes, images and tags. */
const OBJECT_NAME = /^[A-Za-z0-9._-]{1,63}$/;
const IMAGE_NAME = /^[A-Za-z0-9._-]{1,63}(:[A-Za-z0-9._-]{1,63})?$/;
const GPU = /^[A-Za-z0-9-]+!?(:[1-8])?$/;

/** Steps and answers on rented GPUs, in mode `modal`: docs/modal.md. */
export class ModalEnvironment {
  @Setting({
    kind: 'text',
    default: null,
    expected: 'the id of a Modal token, ak-…, without spaces or quotation marks',
    description: 'Needed in mode `modal`. `modal token new` or modal.com/settings/tokens makes a token.',
    secret: true,
  })
  @IsOptional()
  @Matches(PRINTABLE)
  MODAL_TOKEN_ID!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'the secret of that token, as-…, without spaces or quotation marks',
    description: 'Needed in mode `modal`.',
    secret: true,
  })
  @IsOptional()
  @Matches(PRINTABLE)
  MODAL_TOKEN_SECRET!: string | null;

  @Setting({
    kind: 'text',
    default: null,
    expected: 'the name of a Modal environment',
    description: 'Default: the one that the workspace uses by default.',
  })
  @IsOptional()
  @Matches(OBJECT_NAME)
  MODAL_ENVIRONMENT!: string | null;

  @Setting({
    kind: 'text',
    default: 'L40S',
    expected: 'a GPU as Modal names it, such as L40S, A100-80GB or H100',
    description: 'What the trainer’s Sandbox rents.',
  })
  @Matches(GPU)
  CLAAS_MODAL_GPU!: string;

  @Setting({
    kind: 'text',
    default: 'claas-trainer:latest',
    expected: 'the name of an image that is published in the workspace, name or name:tag',
    description: 'What the Sandbox runs; `tools/modal-deploy` builds and publishes it.',
  })
  @Matches(IMAGE_NAME)
  CLAAS_MODAL_IMAGE!: string;

  @Setting({
    kind: 'integer',
    default: 300,
    expected: 'whole seconds, 1 or more',
    description: 'Ends the Sandbox after so long without a request. Until then it costs money and answers at once.',
  })
  @IsInt()
  @Min(1)
  CLAAS_MODAL_IDLE_S!: number;

  @Setting({
    kind: 'text',
    default: 'claas',
    expected: 'the name of a Modal App',
    description: 'The App that the Sandbox belongs to; created when it is missing.',
  })
  @Matches(OBJECT_NAME)
  CLAAS_MODAL_APP!: string;

  @Setting({
    kind: 'text',
    default: 'claas-loras',
    expected: 'the name of a Modal Volume',
    description: 'Where adapters and base models are kept in mode `modal`; created when it is missing.',
  })
  @Matches(OBJECT_NAME)
  CLAAS_MODAL_VOLUME!: string;
}
