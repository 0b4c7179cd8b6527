import { isPortFree } from '../../network/is-port-free.js';
import { ownerOfPort } from '../../network/owner-of-port.js';
import { readRunningStack } from '../../state/stack-state.js';
import { ok, problem, type Finding } from '../finding.js';
import type { Check } from '../patient.js';

const SETTINGS = {
  api: '--port or CLAAS_API_PORT',
  vllm: 'vllm.port',
  gateway: 'the gateway’s own setting and gateway.url',
};

export const checkPorts: Check = async ({ plan }) => {
  const running = readRunningStack(plan.dataDirectory);
  const state =
    running === null
      ? ok('stack', 'no stack runs on this data directory')
      : ok('stack', `a stack runs already (process ${running.supervisor.processId}); its ports are its own`);
  const looks = plan.services.flatMap(({ name, ports }) =>
    ports.map(async (port): Promise<Finding> => {
      if (await isPortFree(port)) return ok(`port:${port}`, `free for ${name}`);
      if (running !== null) return ok(`port:${port}`, `used by the ${name} of the stack that runs`);
      const owner = ownerOfPort(port);
      const text = `Port ${port}, which ${name} needs, is in use${owner === null ? '' : ` by ${owner.name} (process ${owner.processId})`}.`;
      const how =
        owner === null
          ? `\`ss -ltnp 'sport = :${port}'\` as root says by whom: end it`
          : `End it (kill ${owner.processId})`;
      return problem(`port:${port}`, text, `${how}, or choose another port with ${SETTINGS[name]}.`);
    }),
  );
  return [state, ...(await Promise.all(looks))];
};
