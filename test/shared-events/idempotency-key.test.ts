import test from 'ava';
import { saidIn } from 'shared-events/http';
import { object, string } from 'yup';

// What the body that an Idempotency-Key belongs to is known by.

const title = string().defined();
const letter = object({ title, status: string().default('draft'), note: string().nullable().default(null) });

test('a body says the members that are not as its schema has them, sorted by name', (t) => {
  t.deepEqual(saidIn(letter, { title: 'Hello', status: 'sent', note: 'now' }), [
    ['note', 'now'],
    ['status', 'sent'],
    ['title', 'Hello'],
  ]);
  t.deepEqual(saidIn(letter, { title: 'Hello', status: 'draft', note: null }), [['title', 'Hello']]);
  t.deepEqual(saidIn(letter, { title: '', status: 'draft', note: '' }), [
    ['note', ''],
    ['title', ''],
  ]);
});

test('the order of the members and members that the schema does not name make no difference', (t) => {
  const body = { unknown: 1, note: 'now', status: 'sent', title: 'Hello' };
  t.deepEqual(saidIn(letter, body), saidIn(letter, { title: 'Hello', status: 'sent', note: 'now' }));
});

test('a body says the same after its schema has got another optional member', (t) => {
  const body = { title: 'Hello', status: 'sent', note: null };
  const later = letter.shape({ dueAt: string(), priority: string().default('normal') });
  t.deepEqual(saidIn(later, { ...body, dueAt: undefined, priority: 'normal' }), saidIn(letter, body));
});
