/** How much each part does. */
export interface Settings {
  /** a round's length and the warming up before the rounds, in whole seconds; here and in what follows */
  routes: { rounds: number; seconds: number; warmUp: number };
  growth: { sizes: number[]; rounds: number; seconds: number };
  streams: {
    rounds: number;
    /** how long users are created at full rate, in seconds */
    fullLoad: number;
    /** the user events that are replayed */
    events: number;
    /** the entries that are consumed */
    consumed: number;
    /** how long requests are sent before replays, in milliseconds */
    calm: number;
    /** the tasks whose memory is measured */
    tasks: number;
  };
  list: { tasks: number; rounds: number; seconds: number };
  start: { times: number };
  console: {
    seconds: number;
    /** a second; about two in three are events */
    requests: number;
  };
  cluster: {
    rounds: number;
    seconds: number;
    /** how long nothing is asked, in seconds */
    idle: number;
  };
  soak: {
    /** a second */
    requests: number;
  };
}

export const full: Settings = {
  routes: { rounds: 3, seconds: 2, warmUp: 3 },
  growth: { sizes: [1, 1000, 1_000_000], rounds: 3, seconds: 1 },
  streams: { rounds: 3, fullLoad: 8, events: 1_000_000, consumed: 300_000, calm: 5000, tasks: 20_000 },
  list: { tasks: 100_000, rounds: 3, seconds: 1 },
  start: { times: 5 },
  console: { seconds: 60, requests: 900 },
  cluster: { rounds: 5, seconds: 3, idle: 30 },
  soak: { requests: 300 },
};

export const quick: Settings = {
  routes: { rounds: 1, seconds: 1, warmUp: 1 },
  growth: { sizes: [1, 1000], rounds: 2, seconds: 1 },
  streams: { rounds: 1, fullLoad: 2, events: 20_000, consumed: 10_000, calm: 1000, tasks: 2000 },
  list: { tasks: 5000, rounds: 1, seconds: 1 },
  start: { times: 1 },
  console: { seconds: 5, requests: 900 },
  cluster: { rounds: 1, seconds: 1, idle: 3 },
  soak: { requests: 300 },
};
