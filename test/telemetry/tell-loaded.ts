import { registerHooks } from 'node:module';

// Preloaded into a service, this prints which packages of OpenTelemetry it loads.

const told = new Set<string>();

registerHooks({
  load(url, context, nextLoad) {
    const name = /\/node_modules\/@opentelemetry\/([\w-]+)\//.exec(url)?.[1];
    if (name !== undefined && !told.has(name)) {
      told.add(name);
      process.stdout.write(`loads ${name}\n`);
    }
    return nextLoad(url, context);
  },
});
