/** One request that is being answered. For whoever passes requests on to the server itself. */
export interface ServedRequest {
  /** What the server calls the model that answers: goes into the request's `model`. */
  readonly modelName: string;
  /** Null for the base model. */
  readonly version: number | null;
  /** After the server has said 404 to `modelName`: it was started again, and is told of the version anew. */
  readonly recover: () => Promise<void>;
  /** To be called when the answer has ended, in whichever way; again is fine. */
  readonly end: () => void;
}
