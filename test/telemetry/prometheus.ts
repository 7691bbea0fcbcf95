import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../stack/api.ts';
import { locate } from '../stack/install.ts';
import { type Part, part } from '../stack/part.ts';
import { freePort } from '../stack/ports.ts';

interface Series {
  metric: Record<string, string>;
}
interface Target {
  labels: Record<string, string>;
  health: string;
}
interface Alert {
  labels: Record<string, string>;
  state: 'pending' | 'firing';
}

export interface Prometheus extends Part {
  /** Resolves to the series that an expression gives now. Fails if it is none. */
  query(expression: string): Promise<Series[]>;
  targets(): Promise<Target[]>;
  alerts(): Promise<Alert[]>;
}

/** Prometheus with a configuration and rules, and its data below `dir`. */
export async function prometheusPart(dir: string, files: Record<string, string>): Promise<Prometheus> {
  const command = locate('prometheus');
  if (!command) throw new Error('no Prometheus here; run: node test/stack/install.ts prometheus');
  const port = await freePort();
  const server = api(`http://127.0.0.1:${port}`);
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const data = async <T>(path: string): Promise<T> => {
    const answer = await server.get(`/api/v1/${path}`);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`);
    return answer.json<{ data: T }>().data;
  };
  return {
    ...part({
      name: 'prometheus',
      command,
      args: [
        ...[`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`],
        ...[`--web.listen-address=127.0.0.1:${port}`, '--log.level=error'],
      ],
      isReady: async () => (await server.get('/-/ready')).status === 200,
      supervised: false,
      onLine: () => undefined,
    }),
    query: async (expression) =>
      (await data<{ result: Series[] }>(`query?query=${encodeURIComponent(expression)}`)).result,
    targets: async () => (await data<{ activeTargets: Target[] }>('targets')).activeTargets,
    alerts: async () => (await data<{ alerts: Alert[] }>('alerts')).alerts,
  };
}
