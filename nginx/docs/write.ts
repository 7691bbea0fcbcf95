import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { documents, folder, textOf, viewer } from './files.ts';

// npm run docs

for (const [name, make] of Object.entries(documents)) writeFileSync(join(folder, name), textOf(make()));
writeFileSync(join(folder, 'redoc.js.gz'), gzipSync(viewer(), { level: 9 }));
