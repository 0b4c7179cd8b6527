/** How far files are on their way to the volume or from it. */
export interface TransferProgress {
  readonly direction: 'upload' | 'download';
  /** For a person: `version 3 of user1/model`, `config.json`. */
  readonly what: string;
  readonly bytes: number;
  readonly totalBytes: number;
}

export type OnTransferProgress = (progress: TransferProgress) => void;

/** Adds up what has gone through. */
export function progressMeter(
  onProgress: OnTransferProgress,
  transfer: Omit<TransferProgress, 'bytes'>,
): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    onProgress({ ...transfer, bytes: sum });
  };
}
