import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allStreams } from 'shared-events';
import { asyncApi } from 'shared-events/openapi';
import { gatewayApi } from './gateway-api.ts';

// What the gateway serves at /openapi.json, /asyncapi.json and /docs is made here from what the services validate with.

/** Where it is kept. */
export const folder = import.meta.dirname;

/** The documents, by the names of their files. */
export const documents = {
  'openapi.json': gatewayApi,
  'asyncapi.json': () => asyncApi(allStreams),
};

/** A document as its file has it. */
export const textOf = (document: object): string => `${JSON.stringify(document, null, 1)}\n`;

/**
 * The viewer as its package has it, with its licence at its head, and without the one image that it would load from
 * its maker's host.
 */
export function viewer(): string {
  const from = (file: string) => readFileSync(join(folder, '../../node_modules/redoc', file), 'utf8');
  const { version } = JSON.parse(from('package.json'));
  const script = from('bundles/redoc.standalone.js').replaceAll(
    /https:\/\/cdn\.redoc\.ly\/[\w/.-]+/g,
    'data:,',
  );
  return `/*! redoc ${version}\n${from('LICENSE').trim()}\n*/\n${script}`;
}
