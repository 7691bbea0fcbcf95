import { sourceOf } from './links.js';

/** What tells an event from all others. */
export const keyOf = (source, id) => `${source} ${id}`;

/** What the page keeps of an event. @param {string} [kind] `gap` for a notice that events are missing */
export function itemOf(event, kind) {
  if (kind === 'gap') {
    const what = `${event.stream}: entries behind ${event.after} up to ${event.until} are gone`;
    return { event, kind, type: 'gap', time: Date.now(), what, subject: '', key: '' };
  }
  const known = 'specversion' in event;
  const type = known ? event.type : 'undecodable';
  return {
    event,
    type,
    kind: type.split('.').at(-1),
    time: Number.parseInt(event.id, 10),
    what: known ? String(event.data?.name ?? event.data?.title ?? '') : event.reason,
    subject: event.subject ?? '',
    key: keyOf(sourceOf(event), event.id),
  };
}
