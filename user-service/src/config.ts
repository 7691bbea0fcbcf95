import { baseUrl, commonConfig, listenPort } from 'shared-events/service';

export const userServiceConfig = commonConfig.shape({
  PORT: listenPort(8000),
  /** where the task service is */
  TASK_BASE: baseUrl('http://127.0.0.1:8002'),
});
