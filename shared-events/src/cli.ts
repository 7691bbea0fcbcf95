export { type ReplayTarget, type ReplayTargets, replayCommand } from './cli/replay.ts';
