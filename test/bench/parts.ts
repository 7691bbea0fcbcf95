/** The parts of a run, in their order. */
export const partNames = [
  'start',
  'routes',
  'list',
  'growth',
  'streams',
  'console',
  'cluster',
  'soak',
] as const;

/** The parts that are run only where they are asked for. */
export const partsOnDemand: readonly (typeof partNames)[number][] = ['console', 'cluster', 'soak'];
