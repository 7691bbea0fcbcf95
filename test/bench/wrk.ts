import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { locate } from '../stack/install.ts';

/** A request as it is sent again and again. */
export interface Sent {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  /** Sent as JSON. */
  json?: unknown;
}

export interface WrkRun {
  requests: number;
  /** answers a second */
  rate: number;
  /** milliseconds, like p99 */
  p50: number;
  p99: number;
  /** how many answers were 400 or above, or did not come */
  failed: number;
}

export const connections = 32;

/**
 * Sends the requests in turn, on 32 connections, each as soon as its answer before is there, for so many whole seconds.
 */
export async function wrk(
  base: string,
  requests: Sent[],
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<WrkRun> {
  const dir = mkdtempSync(join(tmpdir(), 'wrk-'));
  const script = join(dir, 'requests.lua');
  writeFileSync(script, lua(requests));
  try {
    return read(await run(['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, base], signal));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function run(args: string[], signal: AbortSignal): Promise<string> {
  const child = spawn(locate('wrk') ?? 'wrk', args, { signal, stdio: ['ignore', 'pipe', 'pipe'] });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  child.once('error', reject);
  const [output, errors] = await Promise.race([
    Promise.all([text(child.stdout), text(child.stderr)]),
    failed,
  ]);
  return output + errors;
}

function read(output: string): WrkRun {
  const found = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(output);
  if (!found) throw new Error(`wrk did not tell what it measured: ${output}`);
  const [requests = 0, micros = 0, failed = 0, p50 = 0, p99 = 0] = found.slice(1).map(Number);
  return { requests, rate: requests / (micros / 1e6), p50: p50 / 1000, p99: p99 / 1000, failed };
}

/** The texts of the requests are made once, so that sending one costs wrk the same however many there are. */
const lua = (requests: Sent[]): string => `
local requests, at = {}, 0
wrk.headers['Content-Type'] = 'application/json'
function init()
${requests.map((request, at) => `  requests[${at + 1}] = wrk.format(${parameters(request)})`).join('\n')}
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('RESULT %d %d %d %d %d\\n', summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(99)))
end
`;

function parameters({ method, path, json }: Sent): string {
  const body = json === undefined ? 'nil' : JSON.stringify(JSON.stringify(json));
  return `${JSON.stringify(method)}, ${JSON.stringify(path)}, wrk.headers, ${body}`;
}
