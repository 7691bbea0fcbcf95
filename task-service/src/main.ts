import { serviceClient } from 'shared-events/http';
import { runService } from 'shared-events/service';
import { cascade } from './cascade.ts';
import { taskServiceConfig } from './config.ts';
import { countChecks } from './create-task.ts';
import { replayable } from './replayable.ts';
import { taskApi } from './routes.ts';
import { taskStore } from './store.ts';
import { userClient } from './user-client.ts';

await runService({
  name: 'task-service',
  config: taskServiceConfig,
  api: taskApi,
  ...replayable,
  showsStreams: true,
  build({ config, layout, redis, writer, metrics }) {
    const store = taskStore({ redis, writer, layout });
    const base = config.USER_SERVICE_BASE;
    const userService = serviceClient({ name: 'user service', base, maxResponseSize: 64 * 1024 });
    return {
      collaborators: {
        store,
        users: userClient(userService),
        onCheck: countChecks(metrics),
        now: () => new Date().toISOString(),
      },
      reactions: [cascade({ store })],
      close: userService.close,
    };
  },
});
