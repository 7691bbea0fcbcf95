import { serviceClient } from 'shared-events/http';
import { runService } from 'shared-events/service';
import { userServiceConfig } from './config.ts';
import { replayable } from './replayable.ts';
import { userApi } from './routes.ts';
import { userStore } from './store.ts';
import { taskClient } from './task-client.ts';

await runService({
  name: 'user-service',
  config: userServiceConfig,
  api: userApi,
  ...replayable,
  build({ config, layout, redis, writer }) {
    const taskService = serviceClient({ name: 'task service', base: config.TASK_BASE });
    return {
      collaborators: {
        store: userStore({ redis, writer, layout }),
        tasks: taskClient(taskService),
        now: () => new Date().toISOString(),
      },
      close: taskService.close,
    };
  },
});
