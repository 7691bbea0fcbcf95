import { replayCommand } from 'shared-events/cli';
import { knownUsersTarget } from './known-users-replay.ts';
import { tasksTarget } from './tasks-replay.ts';

// npm run replay -- known-users | tasks | all

await replayCommand({ 'known-users': knownUsersTarget, tasks: tasksTarget });
