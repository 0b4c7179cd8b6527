import { existsSync } from 'node:fs';

/** Both are made by the kernel module; a container sees the second one when it was given a GPU. */
const MARKS = ['/proc/driver/nvidia/version', '/dev/nvidiactl'];

/** Is an NVIDIA driver loaded? */
export function hasNvidiaDriver(): boolean {
  return MARKS.some((mark) => existsSync(mark));
}
