import { Agent, request } from 'node:http';
import { type Latency, latencyOf } from './stats.ts';
import type { Sent } from './wrk.ts';

export interface Probe {
  /** Sends no more, waits for the answers, and tells of each kind of request what came of it. */
  stop(): Promise<Record<string, Latency & { failed: number }>>;
}

/** Sends requests through kept connections, whether or not those before are answered, and takes their times. */
export function sender(base: string) {
  const agent = new Agent({ keepAlive: true });
  return {
    /** Resolves to the answer's status, its body, and the milliseconds until its end. */
    async send({ method, path, json }: Sent): Promise<{ status: number; text: string; ms: number }> {
      const start = performance.now();
      const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
      const headers = json === undefined ? {} : { 'Content-Type': 'application/json' };
      const sent = request(base + path, { method, agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        answer.once('error', reject).once('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      sent.once('error', reject).end(json === undefined ? undefined : JSON.stringify(json));
      const answer = await promise;
      return { ...answer, ms: performance.now() - start };
    },
    close: () => agent.destroy(),
  };
}

/** Sends one request of each kind in turn, one every so many milliseconds. */
export function startProbe(base: string, kinds: Record<string, Sent>, every: number): Probe {
  const { send, close } = sender(base);
  const list = Object.entries(kinds);
  const times = new Map(list.map(([name]) => [name, { ms: [] as number[], failed: 0 }]));
  const underWay = new Set<Promise<void>>();
  let next = 0;

  async function probe(): Promise<void> {
    const [name, sent] = list[next++ % list.length] as [string, Sent];
    const seen = times.get(name) as { ms: number[]; failed: number };
    try {
      const { status, ms } = await send(sent);
      seen.ms.push(ms);
      if (status >= 400) seen.failed += 1;
    } catch {
      // The connection broke: an answer that did not come.
      seen.failed += 1;
    }
  }

  const timer = setInterval(() => {
    const probing = probe().finally(() => underWay.delete(probing));
    underWay.add(probing);
  }, every);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      close();
      return Object.fromEntries(
        [...times].map(([name, { ms, failed }]) => [name, { ...latencyOf(ms), failed }]),
      );
    },
  };
}
