import test from 'ava';
import { assertAnswer, type Expected } from './answer.ts';
import { worldUnderTest } from './world.ts';

// Queries of the list that ask for what there is not.

const world = worldUnderTest(test);
const nobody = '01890000-0000-7000-8000-000000000000';
const noHttp: Expected = [400, 'bad_request'];

test('a query is taken for what it says, and nonsense in it is refused', async (t) => {
  const { id } = await world.user();
  const { id: other } = await world.task(id);
  const bad: Expected = [422, 'validation_failed'];
  const cases: [query: string, expected: Expected][] = [
    ['', bad],
    ['?', bad],
    ['userId', bad],
    ['userId=', bad],
    ['userId=nobody', 200],
    ['userId=%00', 200],
    ['userId=%7b0%7d*', 200],
    ['userId=%zz', 200],
    ['userId=%ff%fe', 200],
    ['userId[]=a', bad],
    ['userId[$ne]=', bad],
    [`userId=${id}&userId=${id}`, bad],
    [`userid=${id}`, bad],
    [`userId=${id}&limit=٣`, noHttp],
    [`userId=${id}&status=`, bad],
    [`userId=${id}&status=done`, bad],
    [`userId=${id}&status=PENDING`, bad],
    [`userId=${id}&status=pending&status=completed`, bad],
    [`userId=${id}&status=pending`, 200],
    ...[
      '',
      '0',
      '-1',
      '1.5',
      '1e2',
      '0x10',
      '1001',
      '99999999999999999999',
      'abc',
      '%20',
      '1%00',
      '%D9%A3',
      'NaN',
      'null',
    ].map((limit): [string, Expected] => [`userId=${id}&limit=${limit}`, bad]),
    [`userId=${id}&limit=1&limit=2`, bad],
    [`userId=${id}&limit=1000`, 200],
    [`userId=${id}&limit=0001`, 200],
    ...['', '0', '-', '+', '(', '[', 'abc', '%00', nobody, id.replace(/.$/, 'x'), 'x'.repeat(300), '(0'].map(
      (cursor): [string, Expected] => [`userId=${id}&cursor=${cursor}`, bad],
    ),
    [`userId=${id}&cursor=${other}&cursor=${other}`, bad],
    [`userId=${id}&cursor=${other}`, 200],
    [`userId=${id}&__proto__[x]=1&constructor=2&toString=3`, 200],
    [`userId=${id}&__proto__=1`, 200],
    [`userId=${id}&${Array.from({ length: 1000 }, (_, n) => `p${n}=1`).join('&')}`, 200],
    [`userId=${id}&${'&'.repeat(5000)}`, 200],
  ];
  for (const [query, expected] of cases) {
    const answer = await world.send({ path: `/tasks/tasks?${query}` });
    assertAnswer(t, answer, expected, query.slice(0, 100));
    if (answer.status === 200) t.true(Array.isArray(answer.json()), query.slice(0, 100));
  }
});
