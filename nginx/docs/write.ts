import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { clientTypes } from '../../shared-events/client/generate.ts';
import { documents, folder, textOf, viewer } from './files.ts';
import { writeReadmePages } from './readme-pages.ts';

// npm run docs

for (const [name, make] of Object.entries(documents)) writeFileSync(join(folder, name), textOf(make()));
writeReadmePages();
writeFileSync(
  join(folder, '../../shared-events/client/api.ts'),
  await clientTypes(documents['openapi.json']()),
);
writeFileSync(join(folder, 'redoc.js.gz'), gzipSync(viewer(), { level: 9 }));
