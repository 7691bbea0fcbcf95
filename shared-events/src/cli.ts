export { type ReplayTarget, recordsTarget, replayCommand } from './cli/replay.ts';
