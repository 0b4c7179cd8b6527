import type { EngineState } from './engine-state.js';

/** The lines of the Prometheus page that tell of requests and sleep. */
export function metricsPage({ runningRequests, waitingRequests, sleepLevel }: EngineState, model: string): string {
  const labels = `engine="0",model_name="${model}"`;
  const gauge = (name: string, extra: string, value: number): string =>
    `${name}{${labels}${extra}} ${value.toFixed(1)}`;
  const states = ['awake', 'weights_offloaded', 'discard_all'];
  return [
    '# TYPE vllm:num_requests_running gauge',
    gauge('vllm:num_requests_running', '', runningRequests),
    '# TYPE vllm:num_requests_waiting gauge',
    gauge('vllm:num_requests_waiting', '', waitingRequests),
    gauge('vllm:num_requests_waiting_by_reason', ',reason="capacity"', waitingRequests),
    ...states.map((state, level) =>
      gauge('vllm:engine_sleep_state', `,sleep_state="${state}"`, level === sleepLevel ? 1 : 0),
    ),
    '',
  ].join('\n');
}
