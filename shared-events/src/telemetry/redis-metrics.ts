import { Counter, type Registry } from 'prom-client';
import type { Confirmation } from '../redis/confirm.ts';
import { scriptName } from '../redis/script.ts';
import type { CommandObserver } from '../redis/settings.ts';
import { beginRedisSpan, failSpan } from '../tracing.ts';
import { durationBuckets, histogram, type Observe } from './histogram.ts';

/** Replies that are errors to Redis and none to whoever asked: the script is sent in full, the group is there. */
const expected = /^(NOSCRIPT|BUSYGROUP)/;

/**
 * Returns what counts the calls of a connection by command or, for scripts, by the script's name: how long each takes,
 * and how many fail. While tracing, a call made within a span is one of its own below it.
 */
export function redisMetrics(registry: Registry): CommandObserver {
  const observers = new Map<string, Observe>();
  const durations = histogram(registry, {
    name: 'redis_call_duration_seconds',
    help: 'Time until Redis answered, by command or script; failures included',
    labelNames: ['call'],
    buckets: durationBuckets,
  });
  const errors = new Counter({
    name: 'redis_call_errors_total',
    help: 'Calls that Redis refused or did not answer, by command or script',
    labelNames: ['call'],
    registers: [registry],
  });

  function observerOf(call: string): Observe {
    let observe = observers.get(call);
    if (observe === undefined) {
      observe = durations(call);
      observers.set(call, observe);
      errors.inc({ call }, 0);
    }
    return observe;
  }

  return (command) => {
    const call = callOf(command);
    const observe = observerOf(call);
    const span = beginRedisSpan(call);
    const start = performance.now();
    return (error) => {
      observe((performance.now() - start) / 1000);
      if (error && !expected.test(error.message)) {
        errors.inc({ call });
        if (span) failSpan(span, error);
      }
      span?.end();
    };
  };
}

/** Returns what has writes confirmed by so many replicas, and counts how long that takes and how often it fails. */
export function confirmation(registry: Registry, replicas: number): Confirmation {
  const durations = histogram(registry, {
    name: 'redis_confirm_duration_seconds',
    help: 'Time until enough replicas had the writes of a turn, or it was given up',
    labelNames: [],
    buckets: durationBuckets,
  })();
  const unconfirmed = new Counter({
    name: 'redis_unconfirmed_total',
    help: 'Turns whose writes were not confirmed by enough replicas, so that they were answered 503',
    registers: [registry],
  });
  return {
    replicas,
    onWait(seconds, isConfirmed) {
      durations(seconds);
      if (!isConfirmed) unconfirmed.inc();
    },
  };
}

/** What a command is counted as. */
const callOf = ({ name, args }: Parameters<CommandObserver>[0]): string =>
  name === 'evalsha' || name === 'eval' ? (scriptName(String(args[0])) ?? name) : name;
