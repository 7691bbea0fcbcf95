import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';

// The READMEs as pages at /docs/readme: the first page there, each other one below it by the name of its folder.

const root = join(import.meta.dirname, '../..');
const folders = [
  'user-service',
  'task-service',
  'shared-events',
  'shared-events/redis',
  'shared-events/observability',
  'nginx',
  'test',
];

const nameOf = (folder: string): string => folder.replaceAll('/', '-');

/** The names of the pages below the first. */
export const pageNames = folders.map(nameOf);

/** Returns the pages, by the paths of their files. */
export function readmePages(): Record<string, string> {
  const frame = readFileSync(join(import.meta.dirname, 'page.html'), 'utf8');
  const pages = ['', ...folders].map((folder) => ({ folder, ...rendered(folder) }));
  return Object.fromEntries(
    pages.map(({ folder, title, html }) => [
      folder === '' ? 'readme.html' : `readme/${nameOf(folder)}.html`,
      framed(frame, title, `<main class="readme">\n${html}</main>`),
    ]),
  );
}

/** Writes the pages to where the gateway has them. */
export function writeReadmePages(): void {
  const below = join(import.meta.dirname, 'readme');
  rmSync(below, { recursive: true, force: true });
  mkdirSync(below);
  for (const [name, page] of Object.entries(readmePages()))
    writeFileSync(join(import.meta.dirname, name), page);
}

/** The page of the API with this in its place: the same bar, and the same styles. */
const framed = (frame: string, title: string, main: string): string =>
  frame
    .replace(/<title>.*<\/title>/, () => `<title>${title}</title>`)
    .replace(/<redoc .*<\/script>/s, () => main);

function rendered(folder: string): { title: string; html: string } {
  const marked = new Marked(gfmHeadingId(), {
    renderer: {
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const there = addressOf(folder, href);
        return there === undefined ? text : `<a href="${there}">${text}</a>`;
      },
      // The pictures are in the repository alone.
      image: () => '',
    },
  });
  const text = readFileSync(join(root, folder, 'README.md'), 'utf8');
  const [, title = ''] = /^# (.+)$/m.exec(text) ?? [];
  // What may be wider than the window is scrolled by itself, also by the keyboard.
  const html = (marked.parse(text) as string)
    .replaceAll('<pre>', '<pre tabindex="0">')
    .replaceAll('<table>', '<div class="wide" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>');
  return { title, html };
}

/** Returns where a link of a README leads on the pages; nothing if it leads to a file that is in the repository alone. */
function addressOf(folder: string, href: string): string | undefined {
  if (/^(https?:|#)/.test(href)) return href;
  const [path = '', heading] = href.split('#');
  const target = posix.join(folder, path).replace(/\/?README\.md$/, '');
  if (target !== '' && !folders.includes(target)) return undefined;
  const page = target === '' ? '/docs/readme' : `/docs/readme/${nameOf(target)}`;
  return heading ? `${page}#${heading}` : page;
}
