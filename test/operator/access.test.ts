import test from 'ava';
import { send } from '../hostile/wire.ts';
import { worldUnderTest } from '../hostile/world.ts';
import type { Answer } from '../stack/api.ts';
import { operatorApi } from './world.ts';

// Who may ask for what is for operators: nobody at the clients' port, and no page of another site at their own.

const world = worldUnderTest(test);

const below = [
  '/operator',
  '/operator/events',
  '/operator/events?from=0',
  '/operator/readers',
  '/operator/nodes',
  '/operator/history/streams',
  '/operator/history/requests',
  '/operator/entries/1-0',
  '/operator/dead-letters',
  '/operator/replays',
  '/operator/replays/tasks',
  '/operator/replays/users',
  '//operator/readers',
  '/./operator/readers',
  '/x/../operator/readers',
  '/%6fperator/readers',
  '/operator%2freaders',
  '/%2foperator/readers',
  '/OPERATOR/readers',
];
const paths = [
  '/events',
  '/events/recent',
  '/readers',
  '/nodes',
  '/history',
  '/history/tasks',
  '/entries/1-0',
  '/dead-letters',
  '/services',
  '/replays/tasks',
  '/replays/tasks/tasks',
  '/metrics/tasks',
  '/index.html',
  '/base.css',
  '/vendor/uPlot.min.css',
  '/operator/readers',
  '/',
  '/once/tasks/operator/readers',
  ...below.flatMap((path) => [`/tasks${path}`, `/users${path}`]),
];

test("at the clients' port there is nothing for operators", async (t) => {
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const headers: [string, string][] = [['X-Operator', 'console']];
      const { status, text } = await world.send({ method, path, headers });
      t.is(status, 404, `${method} ${path}`);
      t.notRegex(text, /user-events|process_cpu|<html/);
    }
  }
});

test("at the operators' port the services' own operator paths are not to be had behind their prefixes", async (t) => {
  for (const path of below.flatMap((path) => [`/tasks${path}`, `/users${path}`, path])) {
    const { status } = await send(world.stack.ports.operator, { path });
    t.is(status, 404, path);
  }
});

const code = ({ text }: Answer): string => (text.startsWith('{') ? JSON.parse(text).code : '');

/** Each place that serves operators: the gateway's listener, and the services themselves. */
const places = () => [
  { port: world.stack.ports.operator, reading: '/readers', changing: '/replays/tasks/tasks' },
  { port: world.stack.ports.tasks, reading: '/operator/readers', changing: '/operator/replays/tasks' },
  { port: world.stack.ports.users, reading: '/operator/replays/users', changing: '/operator/replays/users' },
];

test('a name that is not of this machine is refused', async (t) => {
  for (const { port, reading } of places()) {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '127.0.0.2',
      'x@localhost',
    ]) {
      const answer = await send(port, { path: reading, headers: [['Host', host]] });
      t.true([400, 403].includes(answer.status), `${host} ${answer.status}`);
    }
    for (const host of ['localhost', 'localhost:8081', '127.0.0.1:1', '[::1]:8081', '[::1]']) {
      const answer = await send(port, { path: reading, headers: [['Host', host]] });
      t.is(answer.status, 200, `${port} ${host} ${answer.text}`);
    }
  }
  for (const path of ['/', '/services', '/metrics/tasks', '/users/users/x', '/tasks/health']) {
    const answer = await send(world.stack.ports.operator, { path, headers: [['Host', 'evil.example']] });
    t.is(answer.status, 403, path);
    t.is(code(answer), 'forbidden');
    t.is(answer.headers.get('Content-Type'), 'application/problem+json');
  }
});

test('what a page of another site sends is refused', async (t) => {
  const body = '{"mode":"verify"}';
  const operator: [string, string] = ['X-Operator', 'console'];
  for (const { port, reading, changing } of places()) {
    const own = `http://localhost:${port}`;
    const host: [string, string] = ['Host', `localhost:${port}`];
    const foreign: [string, string][] = [
      ['Origin', 'http://evil.example'],
      ['Origin', 'null'],
      ['Origin', 'http://localhost:1'],
      ['Origin', `https://localhost:${port}`],
      ['Sec-Fetch-Site', 'cross-site'],
      ['Sec-Fetch-Site', 'same-site'],
    ];
    for (const header of foreign) {
      const answers = [
        await send(port, { path: reading, headers: [host, header] }),
        await send(port, { method: 'POST', path: changing, body, headers: [host, operator, header] }),
      ];
      for (const answer of answers) {
        t.is(answer.status, 403, header.join(': '));
        t.is(code(answer), 'forbidden');
      }
    }
    const without = await send(port, {
      method: 'POST',
      path: changing,
      body,
      headers: [host, ['Origin', own]],
    });
    t.is(code(without), 'forbidden', 'without X-Operator');
    const preflight = await send(port, {
      method: 'OPTIONS',
      path: changing,
      headers: [host, ['Origin', 'http://evil.example'], ['Access-Control-Request-Method', 'POST']],
    });
    t.is(preflight.headers.get('Access-Control-Allow-Origin'), null);
    const page = {
      method: 'POST',
      path: changing,
      body,
      headers: [host, operator, ['Origin', own]] as [string, string][],
    };
    t.true([202, 409].includes((await send(port, page)).status));
  }
  for (const path of [
    '/dead-letters/user-events:{0}/cascade/1-1',
    '/dead-letters/user-events:{0}/cascade/1-1/requeue',
  ]) {
    const method = path.endsWith('requeue') ? 'POST' : 'DELETE';
    const answer = await send(world.stack.ports.operator, { method, path });
    t.is(answer.status, 403);
  }
});

test('the console and its files come with a policy that lets nothing else in', async (t) => {
  const page = await operatorApi(world.stack.urls.operator).get('/');
  t.is(page.status, 200);
  t.is(page.headers.get('Content-Type'), 'text/html; charset=utf-8');
  const policy = page.headers.get('Content-Security-Policy') ?? '';
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
  ]) {
    t.true(policy.includes(rule), rule);
  }
  t.notRegex(policy, /unsafe|\*/);
  t.notRegex(page.text, /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
  const script = await operatorApi(world.stack.urls.operator).get('/vendor/uPlot.iife.min.js');
  t.is(script.headers.get('Content-Type'), 'text/javascript; charset=utf-8');
});
