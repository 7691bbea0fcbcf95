import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { api } from '../stack/api.ts';
import { root } from '../stack/parts.ts';
import { until } from '../stack/until.ts';
import { withStack } from '../stack/world.ts';

// What watches the services speaks of figures that they tell.

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
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string }[];
}

const { groups } = parse(read('alerts.yml')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('grafana-dashboard.json')) as { panels: Panel[] };
const charts = panels.filter(({ type }) => type !== 'row');
const expressions = [...rules, ...charts.flatMap(({ targets = [] }) => targets)].map(({ expr }) => expr);

const operators = new Set(['and', 'or', 'unless', 'bool', 'on', 'ignoring', 'group_left', 'group_right']);

/** The metrics an expression names: what is no function, operator, label, or range. */
const metricsIn = (expression: string): string[] =>
  [
    ...expression
      .replace(/\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring) \([^)]*\)/g, ' ')
      .matchAll(/\b([a-z_][a-z\d_]*)\b(?!\s*\()/g),
  ]
    .map(([, name = '']) => name)
    .filter((name) => !operators.has(name) && !['sum', 'max', 'min', 'avg'].includes(name));

/** Whether every bracket and quote of an expression is closed. */
function isBalanced(expression: string): boolean {
  const bare = expression.replace(/"[^"]*"/g, '');
  const open: string[] = [];
  for (const sign of bare.replace(/[^()[\]{}]/g, '')) {
    const at = ')]}'.indexOf(sign);
    if (at < 0) open.push(sign);
    else if (open.pop() !== '([{'[at]) return false;
  }
  return open.length === 0 && !bare.includes('"');
}

test('the metrics of an expression are found', (t) => {
  t.deepEqual(metricsIn('sum by (job, le) (rate(a_total{x="y"}[5m])) / max(b) > 0.5 and on (job) c_d == 0'), [
    'a_total',
    'b',
    'c_d',
  ]);
});

test('every alert and every panel is whole, and has a name of its own', (t) => {
  t.true(rules.length >= 7 && charts.length >= 15);
  t.is(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { alert, annotations } of rules) {
    t.true(annotations.summary.length > 0 && annotations.description.length > 0, alert);
  }
  for (const { title, gridPos, targets = [] } of charts) {
    t.true(title.length > 0 && targets.length > 0 && gridPos.x + gridPos.w <= 24, title);
  }
  for (const expression of expressions) t.true(isBalanced(expression), expression);
});

test('every figure that an alert or the dashboard asks for is told by a service', async (t) => {
  await withStack(
    async ({ stack, user, task }) => {
      await task((await user()).id);
      const told = async () => {
        const answers = await Promise.all(
          [stack.urls.users, stack.urls.tasks].map((url) =>
            api(url).get('/metrics', { Accept: 'text/plain' }),
          ),
        );
        const lines = answers.flatMap(({ text }) => text.split('\n')).filter((line) => !line.startsWith('#'));
        return new Set(lines.map((line) => /^[^{\s]*/.exec(line)?.[0]));
      };
      const asked = new Set(expressions.flatMap(metricsIn));
      // Prometheus makes it itself.
      asked.delete('up');
      t.true(asked.size > 15);
      let untold = [...asked];
      await until('every figure is told', async () => {
        const names = await told();
        untold = [...asked].filter((name) => !names.has(name));
        return untold.length === 0;
      }).catch(() => t.deepEqual(untold, []));
      t.pass();
    },
    { env: { LOG_LEVEL: 'warn' } },
  );
});
