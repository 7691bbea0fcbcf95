import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as a collector gets it. */
export interface CollectedSpan {
  service: string;
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  links?: { traceId: string; spanId: string }[];
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
}

type Attributes = CollectedSpan['attributes'];
interface ExportedSpans {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: { spans: Omit<CollectedSpan, 'service'>[] }[];
  }[];
}

export const kinds = { server: 2, client: 3, producer: 4, consumer: 5 };

export const attribute = ({ attributes }: { attributes: Attributes }, name: string) => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
};

/**
 * What OpenTelemetry sends spans to, by HTTP and JSON, on a free port. With `answers: false` it takes and never
 * answers.
 */
export async function startCollector({ answers = true } = {}) {
  const spans: CollectedSpan[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    const { resourceSpans } = (await json(request)) as ExportedSpans;
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(attribute(resource, 'service.name'));
      spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service }))));
    }
    if (answers) response.setHeader('Content-Type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests: () => requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
