const firstNames =
  'Ada Alan Amira Barbara Bjarne Chen Dennis Edsger Fei Grace Guido Hedy Ines Jamal Joan Katherine Kofi Leslie Lin Margaret Mira Niklaus Olga Priya Radia Samir Tim Yuki Zoë';
const lastNames =
  'Adler Bauer Costa Diallo Eriksen Fischer García Haddad Ivanova Jensen Khan Lovelace Moreau Nakamura Okafor Park Quinn Rossi Silva Tanaka Ueda Virtanen Weber Zhang';
const tasks = [
  ['Review', 'Write', 'Translate', 'Shorten'],
  ['the report', 'the release notes', 'the minutes', 'the offer', 'chapter two'],
  ['Fix', 'Test', 'Measure', 'Explain'],
  ['the login', 'the backup', 'the search', 'the upload of pictures', 'the slow page'],
  ['Call', 'Invite', 'Thank', 'Visit'],
  ['the printer', 'the new colleagues', 'the neighbours', 'the accountant', 'Aunt Olga'],
] as const;

/** One of these, by chance. */
export const oneOf = <T>(choices: readonly T[]): T =>
  choices[Math.floor(Math.random() * choices.length)] as T;

/** A person who might work here, with an address that reaches nobody. */
export function somebody(): { name: string; email: string } {
  const [first, last] = [oneOf(firstNames.split(' ')), oneOf(lastNames.split(' '))];
  const address = `${first}.${last}`
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/[^a-z.]/g, '');
  return { name: `${first} ${last}`, email: `${address}@example.com` };
}

/** Something to do. */
export function something(): string {
  const kind = oneOf([0, 2, 4] as const);
  return `${oneOf(tasks[kind])} ${oneOf(tasks[(kind + 1) as 1 | 3 | 5])}`;
}
