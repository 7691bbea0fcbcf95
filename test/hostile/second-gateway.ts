import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayPart } from '../stack/parts.ts';
import { freePort } from '../stack/ports.ts';
import type { Stack } from '../stack/stack.ts';

interface Users {
  /** Where the user service is, in turn. */
  ports: number[];
  /** After how many failures one of them is left out for a second; 0 for never. */
  failures: number;
}

/** Gives a test the port of a second gateway of a stack, and takes the gateway away afterwards. */
export async function withGateway(
  { ports }: Pick<Stack, 'ports'>,
  users: Users,
  run: (port: number) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-'));
  const port = await freePort();
  const operator = await freePort();
  const gateway = gatewayPart(
    dir,
    { users: users.ports, tasks: [ports.tasks] },
    { ports: { ...ports, gateway: port, operator }, supervised: false, onLine: () => undefined },
  );
  const servers = users.ports.map(
    (user) => `server 127.0.0.1:${user} max_fails=${users.failures} fail_timeout=1s;`,
  );
  writeFileSync(
    join(dir, 'upstreams.conf'),
    `upstream users { ${servers.join(' ')} keepalive 64; keepalive_timeout 1s; }
     upstream tasks { server 127.0.0.1:${ports.tasks}; }\n`,
  );
  try {
    await gateway.start();
    await run(port);
  } finally {
    await gateway.stop();
    rmSync(dir, { recursive: true });
  }
}
