import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { root } from '../stack/parts.ts';
import { until } from '../stack/until.ts';
import { type World, withStack } from '../stack/world.ts';
import { type Prometheus, prometheusPart } from './prometheus.ts';

// The alerts and the dashboard, as Prometheus has them of a running system.

const read = (file: string) => readFileSync(join(root, 'shared-events/observability', file), 'utf8');

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string; description: string };
}
interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; w: number };
  targets?: { expr: string }[];
}

const alerts = read('alerts.yml');
const { groups } = parse(alerts) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: Panel[] };
const charts = panels.filter(({ type }) => type !== 'row');

/** The alerts that wait, and what they wait for, as one has time in a test. */
const impatient = alerts.replaceAll(/for: \d+m/g, 'for: 2s');

/** An expression as Grafana fills it in; each comparison of an alert gives 0 or 1, and not nothing. */
const asked = (expression: string): string =>
  expression
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$job', '.+')
    .replaceAll(/(==|>|<) (?=[\d.]+)/g, '$1 bool ');

/** The scrape configuration of the page on operating, with the ports of a system, and every second. */
function configuration({ ports }: World['stack']): string {
  const [, page = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? [];
  const here = page.replace('8005', String(ports.users)).replace('8002', String(ports.tasks));
  return `global: { scrape_interval: 1s, evaluation_interval: 1s }\n${here.replaceAll('localhost', '127.0.0.1')}`;
}

/** Gives a test a system that Prometheus watches. */
const withPrometheus = (run: (watched: World & { prometheus: Prometheus }) => Promise<void>) =>
  withStack(async (world) => {
    const files = { 'prometheus.yml': configuration(world.stack), 'alerts.yml': impatient };
    const prometheus = await prometheusPart(join(world.stack.dir, 'prometheus'), files);
    try {
      await prometheus.start();
      await run({ ...world, prometheus });
    } finally {
      await prometheus.stop();
    }
  });

/** One of each thing that a figure tells of: changes, reads, refusals, and Redis being away. */
async function use({ gateway, stack, user, task }: World): Promise<void> {
  const { id } = await user();
  await task(id);
  await gateway.get(`/users/users/${id}/tasks`);
  await gateway.get('/users/users/nobody');
  await gateway.post('/tasks/tasks', { userId: '01890000-0000-7000-8000-000000000000', title: 'x' });
  await gateway.delete(`/users/users/${id}`);
  await stack.redis.stop();
  for (const path of [`/users/users/${id}`, `/tasks/tasks?userId=${id}`]) await gateway.get(path);
  await stack.redis.start();
}

test('every alert and every panel has a name of its own, and says what it is about', (t) => {
  t.true(rules.length >= 7 && charts.length >= 15);
  t.is(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { alert, annotations } of rules) {
    t.true(annotations.summary.length > 0 && annotations.description.length > 0, alert);
  }
  for (const { title, gridPos, targets = [] } of charts) {
    t.true(title.length > 0 && targets.length > 0 && gridPos.x + gridPos.w <= 24, title);
  }
});

test('Prometheus reaches both services; what each alert and each panel asks for is there', async (t) => {
  await withPrometheus(async ({ prometheus, ...world }) => {
    await until('both targets are up', async () => {
      const targets = await prometheus.targets();
      return targets.length === 2 && targets.every(({ health }) => health === 'up');
    });
    await use(world);
    const expressions = [...rules, ...charts.flatMap(({ targets = [] }) => targets)].map(({ expr }) => expr);
    for (const expression of expressions) {
      await until(
        `series of ${asked(expression)}`,
        async () => (await prometheus.query(asked(expression))).length > 0,
        20_000,
      );
    }
    t.true(expressions.length > 25);
  });
});

test('an alert fires when the task service is gone, and ends when it is back', async (t) => {
  await withPrometheus(async ({ prometheus, stack }) => {
    await until('the rules know the services', async () => (await prometheus.query('up == 1')).length === 2);
    const firing = async () =>
      (await prometheus.alerts()).flatMap(({ labels, state }) => (state === 'firing' ? [labels] : []));
    await until('nothing fires', async () => (await firing()).length === 0);
    await stack.tasks.stop();
    // So impatient, others may fire as well where the machine is held up.
    const fired = await until('the alert fires', async () =>
      (await firing()).find(({ alertname, job }) => alertname === 'ServiceAbsent' && job === 'task-service'),
    );
    t.is(fired.severity, 'critical');
    await stack.tasks.start();
    await until('it has ended', async () => (await firing()).length === 0);
  });
});
