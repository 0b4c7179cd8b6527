/** An error answer of the service: `{detail}`, as its framework writes it. */
export class TinkerHttpError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}
