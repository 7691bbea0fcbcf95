export { type ReplayTarget, type ReplayTargets, recordsTarget, replayCommand } from './cli/replay.ts';
