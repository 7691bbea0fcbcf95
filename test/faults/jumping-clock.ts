// Loaded into a service before anything else: with each SIGUSR2 its wall clock jumps an hour on, or back again.

const hour = 3_600_000;
const RealDate = Date;
let offset = 0;

process.on('SIGUSR2', () => {
  offset = offset === 0 ? hour : offset > 0 ? -hour : 0;
});

globalThis.Date = class extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(args[0]);
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
} as DateConstructor;
