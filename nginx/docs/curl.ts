import type { OpenApi } from 'shared-events/openapi';

// For each operation a command that sends it, which can be pasted into a shell.

interface Described {
  parameters?: { in?: string; name?: string; required?: boolean }[];
  requestBody?: { content: Record<string, { examples: Record<string, { value: object }> }> };
}

/** Returns the document with a sample of curl for each operation. Ids are variables of the shell, such as `$USER_ID`. */
export function withCurlSamples(document: OpenApi): OpenApi {
  const paths = document.paths as Record<string, Record<string, Described>>;
  return {
    ...document,
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, operations]) => [
        path,
        Object.fromEntries(
          Object.entries(operations).map(([method, operation]) => [
            method,
            { ...operation, 'x-codeSamples': [{ lang: 'curl', source: curl(method, path, operation) }] },
          ]),
        ),
      ]),
    ),
  };
}

function curl(method: string, path: string, { parameters = [], requestBody }: Described): string {
  const query = parameters.filter((one) => one.in === 'query' && one.required);
  const search = query
    .map(({ name = '' }, at) => `${at === 0 ? '?' : '&'}${name}=${variable(name)}`)
    .join('');
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`;
  const [example] = Object.values(requestBody?.content['application/json']?.examples ?? {});
  const lines = [
    `curl -i${verb} "$GATEWAY${path.replace(/\{(\w+)\}/g, (_, name) => variable(name))}${search}"`,
    ...(example
      ? [
          `-H 'Content-Type: application/json'`,
          `-d '${JSON.stringify(example.value).replaceAll("'", "'\\''")}'`,
        ]
      : []),
  ];
  return `GATEWAY=http://localhost:8080\n${lines.join(' \\\n  ')}\n`;
}

/** The variable of the shell for a name such as `userId`: `$USER_ID`. */
const variable = (name: string): string => `$${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
