/** What the API speaks to in a mode, beside what it starts itself. */
export interface RemoteService {
  /** Tells the API of it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whatever trains, now; killed, it comes back by itself. */
  trainerProcessIds(): Promise<number[]>;
  /** A copy of what its store holds, in the store's own layout; missing where the store is the API's own. */
  copyStore?(directory: string): Promise<void>;
  close(): Promise<void>;
}
