import { Mutex } from './mutex.js';

/** The accelerator is leased to one step at a time, whichever adapter it is for. */
export class AcceleratorLease extends Mutex {}
