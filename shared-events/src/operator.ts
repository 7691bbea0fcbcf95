export { feedBlock } from './operator/live-tail.ts';
export { eventRoutes, type OperatorRoutes, replayRoutes } from './operator/routes.ts';
