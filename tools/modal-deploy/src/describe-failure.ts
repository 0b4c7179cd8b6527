import { NotFoundError } from 'modal';

const UNAUTHENTICATED = 16;

/** One sentence that says what to do next. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isRefused = 'code' in error && error.code === UNAUTHENTICATED;
  if (isRefused || error.message.includes('Token missing')) {
    return 'Modal refuses the credentials: set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET to a token of the workspace (`modal token new`, or modal.com/settings/tokens).';
  }
  if (error instanceof NotFoundError) return `${error.message}. \`modal-deploy image\` builds and publishes the image.`;
  return error.message;
}
