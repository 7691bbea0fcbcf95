import openapiTS, { astToString, COMMENT_HEADER, type OpenAPI3 } from 'openapi-typescript';

/** The text of api.ts, for the description of the whole API. `npm run docs` writes it. */
export const clientTypes = async (document: object): Promise<string> =>
  COMMENT_HEADER + astToString(await openapiTS(document as OpenAPI3));
