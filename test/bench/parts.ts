/** The parts of a run, in their order; the soak is part of a run only where it is asked for. */
export const partNames = ['start', 'routes', 'list', 'growth', 'streams', 'console', 'soak'] as const;
