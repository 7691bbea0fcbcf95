export { createFeed } from './operator/feed.ts';
export { feedBlock } from './operator/live-tail.ts';
export { createParked } from './operator/parked.ts';
export { createReaders, type OwnProjection } from './operator/readers.ts';
export { createReplays } from './operator/replays.ts';
export { eventRoutes, replayRoutes } from './operator/routes.ts';
