import { baseUrl, commonConfig, listenPort, readConfig } from 'shared-events/service';

const schema = commonConfig.shape({
  PORT: listenPort(8000),
  /** where the task service is */
  TASK_BASE: baseUrl('http://127.0.0.1:8002'),
});

export const userServiceConfig = (env: NodeJS.ProcessEnv) => readConfig(schema, env);
