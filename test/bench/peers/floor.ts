import { randomUUID } from 'node:crypto';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';

// The least a Node process can do for these routes: node:http and one call of Redis, without checks and log. It is
// there to be measured, not to be used.
// node floor.ts users|tasks

interface Scripts {
  put(keys: number, ...args: string[]): Promise<string>;
  list(key: string): Promise<string[]>;
}

const redis = new Redis({
  host: '127.0.0.1',
  port: Number(process.env.REDIS_PORT),
  enableAutoPipelining: true,
}) as Redis & Scripts;

redis.defineCommand('put', {
  lua: `
    if KEYS[3] then redis.call('ZADD', KEYS[3], 0, ARGV[2]) end
    redis.call('SET', KEYS[1], ARGV[3])
    return redis.call('XADD', KEYS[2], '*', 'type', ARGV[1], 'subject', ARGV[2], 'data', ARGV[3])`,
});
redis.defineCommand('list', {
  numberOfKeys: 1,
  lua: `
    local keys = redis.call('ZRANGE', KEYS[1], 0, -1)
    if #keys == 0 then return {} end
    for at = 1, #keys do keys[at] = 'task:' .. keys[at] end
    return redis.call('MGET', unpack(keys))`,
});

const agent = new Agent({ keepAlive: true });
const fetchText = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (answer) => resolve(text(answer))).on('error', reject);
  });

function send(response: ServerResponse, status: number, json: string | null): void {
  const body = json ?? '{}';
  response.writeHead(json === null ? 404 : status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

const [, , role] = process.argv;
const serve = role === 'users' ? serveUser : serveTask;

createServer((request, response) => {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  if (path === '/health') return send(response, 200, '{"status":"healthy"}');
  const [, , id = '', view] = path.split('/');
  serve(request, response, { id, view, query }).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    response.destroy();
  });
}).listen(Number(process.env.PORT), '127.0.0.1');

interface Target {
  id: string;
  view: string | undefined;
  query: string;
}

async function serveUser(request: IncomingMessage, response: ServerResponse, { id, view }: Target) {
  if (request.method === 'POST') {
    const user = stored({ ...JSON.parse(await text(request)), createdAt: new Date().toISOString() });
    await redis.put(2, `user:${user.id}`, 'user-events', 'user.created', user.id, user.json);
    return send(response, 201, user.json);
  }
  const user = await redis.get(`user:${id}`);
  if (user === null || view === undefined) return send(response, 200, user);
  const tasks = await fetchText(`${process.env.TASK_BASE}/tasks?userId=${id}`);
  send(response, 200, `{"user":${user},"tasks":${tasks}}`);
}

async function serveTask(request: IncomingMessage, response: ServerResponse, { id, query }: Target) {
  if (request.method === 'POST') {
    const input = JSON.parse(await text(request));
    const task = stored({ status: 'pending', ...input, createdAt: new Date().toISOString() });
    const keys = [`task:${task.id}`, 'task-events', `tasks-of:${input.userId}`];
    await redis.put(3, ...keys, 'task.created', task.id, task.json);
    return send(response, 201, task.json);
  }
  if (request.method === 'PUT') {
    const [changes, old] = await Promise.all([text(request), redis.get(`task:${id}`)]);
    const json = JSON.stringify({ ...JSON.parse(old ?? '{}'), ...JSON.parse(changes) });
    await redis.put(2, `task:${id}`, 'task-events', 'task.updated', id, json);
    return send(response, 200, json);
  }
  if (id !== '') return send(response, 200, await redis.get(`task:${id}`));
  const tasks = await redis.list(`tasks-of:${new URLSearchParams(query).get('userId')}`);
  send(response, 200, `[${tasks.join(',')}]`);
}

function stored(data: object): { id: string; json: string } {
  const id = randomUUID();
  return { id, json: JSON.stringify({ id, ...data }) };
}
