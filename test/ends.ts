import test from 'ava';

// AVA loads this before each test file, and waits for the file's process to end by itself. One that is kept alive by what a
// test left open fails here, saying by what, and does not hold up all others.

const endDeadline = 30_000;

test.after.always(() => {
  setTimeout(() => {
    const left = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`${test.meta.file} does not end; still open: ${left}\n`);
    process.exit(1);
  }, endDeadline).unref();
});
