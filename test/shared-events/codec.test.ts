import test from 'ava';
import { CloudEvent as Validated } from 'cloudevents';
import {
  eventStream,
  fromCloudEvent,
  type RawEntry,
  readEntry,
  taskEvents,
  toCloudEvent,
  type UndecodableEntry,
  userEvents,
} from 'shared-events';
import { object, string } from 'yup';

const user = {
  id: '01890000-0000-7000-8000-00000000abcd',
  name: 'Ada "Countess" Løvelace\u2028',
  email: 'ada@example.com',
  createdAt: '2026-11-22T21:36:00.000Z',
  updatedAt: '2026-11-22T21:36:00.000Z',
};
const origin = { request: 'request-1', trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const text = JSON.stringify(user);
const fields = userEvents.encode({
  type: 'user.created',
  subject: user.id,
  data: text,
  schema: 1,
  ...origin,
});
const entry: RawEntry = ['1795383360000-7', fields];

/** The entry with one field set to something else, or left out. */
function altered(name: string, value?: string): RawEntry {
  const at = fields.indexOf(name);
  return ['1-1', value === undefined ? fields.toSpliced(at, 2) : fields.with(at + 1, value)];
}

const failure = (code: string) => ({ name: 'UndecodableEntry', code });

test('an entry has its fields always in the same order, and the document as it stands', (t) => {
  t.deepEqual(
    fields.filter((_, at) => at % 2 === 0),
    ['type', 'subject', 'data', 'schema', 'trace', 'request'],
  );
  t.is(fields[5], text);
});

test('decoding gives back what was encoded, whatever the order of the fields', (t) => {
  const expected = { id: entry[0], type: 'user.created', subject: user.id, data: user, ...origin };
  t.deepEqual(userEvents.decode(entry), expected);
  const reversed = Array.from({ length: 6 }, (_, n) => fields.slice(10 - 2 * n, 12 - 2 * n)).flat();
  t.deepEqual(userEvents.decode([entry[0], reversed]), expected);
});

test('an entry is a valid CloudEvent and comes back from its JSON to the byte', (t) => {
  const event = toCloudEvent('user-events:{3}', entry);
  t.true(new Validated({ ...event }, true).validate());
  t.like(event, {
    id: '1795383360000-7',
    source: '/user-events/3',
    type: 'user.created',
    subject: user.id,
    time: '2026-11-22T21:36:00.000Z',
    traceparent: origin.trace,
    requestid: origin.request,
  });
  t.deepEqual(fromCloudEvent(JSON.parse(JSON.stringify(event))), { streamKey: 'user-events:{3}', entry });
});

test('an entry written by hand, without request and trace, is a valid CloudEvent as well', (t) => {
  const bare: RawEntry = ['1-1', ['type', 'user.created', 'subject', user.id, 'data', text, 'schema', '1']];
  const event = toCloudEvent('user-events:{0}', bare);
  t.true(new Validated({ ...event }, true).validate());
  t.false('traceparent' in event);
});

test('what cannot be decoded says why', (t) => {
  for (const name of ['type', 'subject', 'data', 'schema']) {
    t.throws(() => userEvents.decode(altered(name)), failure('malformed_entry'), name);
  }
  t.throws(() => userEvents.decode(altered('schema', 'one')), failure('malformed_entry'));
  t.throws(() => userEvents.decode(altered('type', 'user.renamed')), failure('unknown_type'));
  t.throws(() => taskEvents.decode(entry), failure('unknown_type'));
  t.throws(() => userEvents.decode(altered('schema', '2')), failure('unknown_schema'));
  t.throws(() => userEvents.decode(altered('data', '{')), failure('invalid_data'));
  t.throws(() => userEvents.decode(altered('data', '{"id":1}')), failure('invalid_data'));
  t.throws(() => toCloudEvent('user-events:{0}', altered('data', '{')), failure('invalid_data'));
  const error = t.throws<UndecodableEntry>(() => readEntry(altered('type')));
  t.is(error?.message, 'entry 1-1: the field type is missing');
});

test('data of an older schema is upcast through every version on reading', (t) => {
  const letters = eventStream({
    name: 'letters',
    types: ['letter.sent'],
    document: object({ to: string().required(), lines: string().required() }),
    noun: 'Letter',
    example: { to: 'Ada', lines: 'Hello' },
    upcasts: [
      (data) => ({ ...(data as object), to: (data as { recipient: string }).recipient }),
      (data) => ({ ...(data as object), lines: (data as { body: string }).body }),
    ],
  });
  t.is(letters.schema, 3);
  const written = (schema: string, data: object): RawEntry => [
    '1-1',
    ['type', 'letter.sent', 'subject', 'x', 'data', JSON.stringify(data), 'schema', schema],
  ];
  const expected = { to: 'Ada', lines: 'Hello' };
  t.like(letters.decode(written('1', { recipient: 'Ada', body: 'Hello' })).data, expected);
  t.like(letters.decode(written('2', { to: 'Ada', body: 'Hello' })).data, expected);
  t.like(letters.decode(written('3', expected)).data, expected);
  t.throws(() => letters.decode(written('4', expected)), failure('unknown_schema'));
});
