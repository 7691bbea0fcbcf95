import { ask } from './api.js';

// The feed of events, through all breaks: it always goes on behind the last event that came.

/** How many events from before are shown to begin with. */
const recent = 500;
/**
 * How long to wait before coming back, and how long silence is trusted: heartbeats come every 10 s; in milliseconds.
 */
const retry = 500;
const silenceTimeout = 25_000;

/**
 * Follows the feed for ever. EventSource will not do: it gives up for good when the gateway answers 502, and it hides
 * events whose type was not known before.
 * @param {{ onRecent(events: object[]): void, onEvent(event: object, type: string): void, onState(state: string): void }} told
 */
export async function followFeed({ onRecent, onEvent, onState }) {
  let cursor;
  for (;;) {
    try {
      if (cursor === undefined) {
        const start = await ask(`/events/recent?limit=${recent}`);
        onRecent(start.events);
        cursor = start.cursor;
      }
      const refused = await read(cursor, {
        onOpen: () => onState('live'),
        onMessage({ id, event, data }) {
          if (id) cursor = id;
          if (data) onEvent(JSON.parse(data), event);
        },
      });
      // These are other streams than before.
      if (refused === 400) cursor = undefined;
    } catch {
      // Whatever broke, it is tried again, and meanwhile the page says so.
    }
    onState('waiting');
    await new Promise((resolve) => setTimeout(resolve, retry));
  }
}

/** Reads one connection to its end; resolves to the status if there is no feed to read. */
async function read(cursor, { onOpen, onMessage }) {
  const silence = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceTimeout);
  };
  heard();
  try {
    const response = await fetch(`/events?after=${cursor}`, {
      headers: { Accept: 'text/event-stream' },
      signal: silence.signal,
    });
    if (!response.ok) return response.status;
    onOpen();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return undefined;
      heard();
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop();
      for (const block of blocks) onMessage(parse(block));
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function parse(block) {
  const message = { id: '', event: '', data: '' };
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) message[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return message;
}
