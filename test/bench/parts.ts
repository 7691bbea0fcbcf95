/** The parts of a run, in their order. */
export const partNames = ['start', 'routes', 'list', 'growth', 'streams', 'console', 'soak'] as const;

/** The parts that are run only where they are asked for. */
export const partsOnDemand: readonly (typeof partNames)[number][] = ['console', 'soak'];
