/** An error answer of the server, in the shape of its releases. */
export class VllmHttpError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly param: string | null = null,
  ) {
    super(message);
  }

  get body(): string {
    const { message, type, param, status } = this;
    return JSON.stringify({ error: { message, type, param, code: status } });
  }
}
