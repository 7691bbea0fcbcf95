import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Parser } from '@asyncapi/parser';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import test, { type ExecutionContext } from 'ava';
import { type RawEntry, taskEvents, toCloudEvent, userEvents } from 'shared-events';
import { type Problems, problems } from 'shared-events/http';
import { describeService, type OpenApi, openApi } from 'shared-events/openapi';
import { documents, folder, textOf, viewer } from '../../nginx/docs/files.ts';
import { gatewayProblems } from '../../nginx/docs/gateway-api.ts';
import { readmePages } from '../../nginx/docs/readme-pages.ts';
import { taskApi } from '../../task-service/src/routes.ts';
import { newTask } from '../../task-service/src/task.ts';
import { userApi } from '../../user-service/src/routes.ts';

// The descriptions of the API and of the events: whole, true to the code, and as their standards ask.

const made = {
  'openapi.json': documents['openapi.json'](),
  'asyncapi.json': documents['asyncapi.json'](),
  'user service': openApi(describeService(userApi)),
  'task service': openApi(describeService(taskApi)),
};

test('what the gateway serves is what `npm run docs` makes of the code, the READMEs and the viewer today', (t) => {
  const file = (name: string) => readFileSync(join(folder, name));
  for (const name of ['openapi.json', 'asyncapi.json'] as const) {
    t.is(file(name).toString(), textOf(made[name]), name);
  }
  for (const [name, page] of Object.entries(readmePages())) {
    t.true(file(name).toString() === page, `${name}: run npm run docs`);
  }
  t.true(gunzipSync(file('redoc.js.gz')).toString() === viewer(), 'the viewer is that of package.json');
});

test('the linter finds nothing in any of them', async (t) => {
  const config = await createConfig({ extends: ['recommended'] });
  for (const [name, document] of Object.entries(made)) {
    const source = JSON.stringify(document);
    const found = await lintFromString({ source, absoluteRef: join(folder, `${name}.json`), config });
    t.deepEqual(
      found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
      [],
      name,
    );
  }
});

test('the linter would find something in a document that is wrong', async (t) => {
  const config = await createConfig({ extends: ['recommended'] });
  const source = JSON.stringify({ ...made['openapi.json'], paths: { '/x': { get: { responses: {} } } } });
  t.true((await lintFromString({ source, absoluteRef: join(folder, 'x.json'), config })).length > 0);
});

test('the parser of AsyncAPI finds nothing in the description of the events, and would in a wrong one', async (t) => {
  const find = async (document: object) =>
    (await new Parser().validate(JSON.stringify(document))).map(({ code, message }) => `${code}: ${message}`);
  t.deepEqual(await find(made['asyncapi.json']), []);
  t.not((await find({ ...made['asyncapi.json'], channels: { x: { messages: 42 } } })).length, 0);
});

test('what a route says that its API does not know is noticed when the document is made', (t) => {
  const [route] = userApi.routes as [(typeof userApi.routes)[number]];
  const make = (change: Partial<typeof route>) => () =>
    openApi(describeService({ ...userApi, routes: [{ ...route, ...change }] }));
  t.notThrows(make({}));
  t.throws(make({ problems: ['no_such_code'] }), { message: /no_such_code is no problem/ });
  t.throws(make({ path: '/users/:id' }), { message: /:id in .* is described nowhere/ });
  t.throws(make({ body: { schema: newTask, examples: {} } }), { message: /none of its API/ });
});

test('each problem that there is can be met somewhere, and gateway and services mean the same by a code', (t) => {
  const text = textOf(made['openapi.json']);
  const ofServices: Problems = { ...problems, ...userApi.problems, ...taskApi.problems };
  for (const code of Object.keys({ ...ofServices, ...gatewayProblems })) {
    t.true(text.includes(`"urn:problem:${code}"`), code);
  }
  t.true(Object.keys(gatewayProblems).length > 10);
  for (const [code, meaning] of Object.entries(gatewayProblems)) {
    if (code in ofServices) t.deepEqual(meaning, ofServices[code], code);
  }
});

interface Media {
  schema: object;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

/** Every schema of a document that comes with examples, and every parameter and header. */
function withExamples(part: unknown): Media[] {
  if (typeof part !== 'object' || part === null) return [];
  const own = 'schema' in part && ('example' in part || 'examples' in part) ? [part as Media] : [];
  return [...own, ...Object.values(part).flatMap(withExamples)];
}

function checkExamples(t: ExecutionContext, name: string, document: OpenApi): void {
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  formats.default(ajv);
  ajv.addSchema(document, 'api');
  const found = withExamples(document);
  t.true(found.length > 50, name);
  for (const { schema, example, examples = {} } of found) {
    const validate = ajv.compile(
      JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"api#/')),
    );
    const values = [
      ...(example === undefined ? [] : [example]),
      ...Object.values(examples).map(({ value }) => value),
    ];
    for (const value of values)
      t.true(validate(value), `${name}: ${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`);
  }
}

test('every example is valid by its schema', (t) => {
  checkExamples(t, 'gateway', made['openapi.json']);
  checkExamples(t, 'user service', made['user service']);
  checkExamples(t, 'task service', made['task service']);
});

interface Message {
  payload: object;
  examples: { payload: Record<string, string> }[];
}

test('every example of an event is valid by its schema, and is the event that the code reads and makes', (t) => {
  const document = made['asyncapi.json'];
  const ajv = new Ajv({ strict: false, validateSchema: false });
  formats.default(ajv);
  ajv.addSchema(document, 'events');
  const { messages } = document.components as { messages: Record<string, Message> };
  t.deepEqual(
    Object.keys(messages).sort(),
    [userEvents, taskEvents]
      .flatMap(({ types }) => types.flatMap((type) => [type, `${type}.cloudevent`]))
      .sort(),
  );
  for (const [name, { payload, examples: shown }] of Object.entries(messages)) {
    const validate = ajv.compile(
      JSON.parse(JSON.stringify(payload).replaceAll('"$ref":"#/', '"$ref":"events#/')),
    );
    for (const { payload: example } of shown) {
      t.true(validate(example), `${name}: ${ajv.errorsText(validate.errors)}`);
    }
  }
  for (const stream of [userEvents, taskEvents]) {
    const document = stream.example;
    for (const type of stream.types) {
      const fields = Object.entries(messages[type]?.examples[0]?.payload ?? {}).flat();
      const entry: RawEntry = [`${Date.parse(document.createdAt)}-0`, fields];
      t.deepEqual(stream.decode(entry).data, document);
      t.deepEqual(
        toCloudEvent(stream.key(0), entry),
        messages[`${type}.cloudevent`]?.examples[0]?.payload as never,
      );
    }
  }
});
