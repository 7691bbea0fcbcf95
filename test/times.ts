import { appendFileSync } from 'node:fs';
import test from 'ava';

// AVA loads this before each test file: it notes how long the file took, for the summary at the end of `npm test`.

const { TEST_TIMES } = process.env;

if (TEST_TIMES) {
  process.once('exit', () => {
    appendFileSync(
      TEST_TIMES,
      `${JSON.stringify({ url: test.meta.file, seconds: performance.now() / 1000 })}\n`,
    );
  });
}
