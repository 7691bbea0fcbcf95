import { commonConfig, listenPort, runService } from 'shared-events/service';
import { forgetPins } from './forget-pins.ts';
import { openTasks } from './open-tasks.ts';
import { pinApi } from './routes.ts';
import { pinStore } from './store.ts';

// A third service, made of what the package shows to outsiders. A user pins one of their open tasks; if the task is
// completed or gone the pin is not shown, and if the user is deleted it goes.

await runService({
  name: 'pin-service',
  config: commonConfig.shape({ PORT: listenPort(8004) }),
  api: pinApi,
  projections: [openTasks],
  build({ layout, redis, writer }) {
    const store = pinStore({ redis, writer, layout });
    return {
      collaborators: { store, now: () => new Date().toISOString() },
      reactions: [forgetPins({ store })],
    };
  },
});
