/**
 * How the server that all processes share is: it answers; it has given the accelerator up for a step and is woken
 * afterwards, whoever does that; or a client wanted it to stay asleep after the step.
 */
export const SERVING_POWERS = ['awake', 'step', 'kept_asleep'] as const;

export type ServingPower = (typeof SERVING_POWERS)[number];
