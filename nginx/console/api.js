/** What an answer says went wrong, with its status. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the gateway, and resolves to the answer's JSON, or to nothing if it has none. Fails with Refused and the
 * problem's own words, or with what fetch fails with.
 */
export async function ask(path, { method = 'GET', json } = {}) {
  const response = await fetch(path, {
    method,
    headers: {
      ...(method !== 'GET' && { 'X-Operator': 'console' }),
      ...(json !== undefined && { 'Content-Type': 'application/json' }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Refused(detailOf(text) ?? `${response.status} ${response.statusText}`, response.status);
  }
  return text === '' ? undefined : JSON.parse(text);
}

function detailOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return undefined;
  }
}

/** The text of a path, such as metrics. */
export async function askText(path) {
  const response = await fetch(path, { headers: { Accept: 'text/plain' } });
  if (!response.ok) throw new Refused(`${response.status} ${response.statusText}`, response.status);
  return response.text();
}

/**
 * Keeps parts of the page fresh: does something again and again, with a pause behind each time, while the page can be
 * seen. What fails is tried again, and until then the parts are marked as stale.
 */
export async function every(milliseconds, work, ...parts) {
  const mark = (isStale) => {
    for (const part of parts) part.toggleAttribute('data-stale', isStale);
  };
  for (;;) {
    if (!document.hidden) {
      await work().then(
        () => mark(false),
        () => mark(true),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}
