import { baseUrl, commonConfig, listenPort, readConfig } from 'shared-events/service';

const schema = commonConfig.shape({
  PORT: listenPort(8002),
  /** where the user service is */
  USER_SERVICE_BASE: baseUrl('http://127.0.0.1:8000'),
});

export const taskServiceConfig = (env: NodeJS.ProcessEnv) => readConfig(schema, env);
