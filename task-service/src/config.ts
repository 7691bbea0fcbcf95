import { baseUrl, commonConfig, listenPort } from 'shared-events/service';

export const taskServiceConfig = commonConfig.shape({
  PORT: listenPort(8002),
  /** where the user service is */
  USER_SERVICE_BASE: baseUrl('http://127.0.0.1:8000'),
});
