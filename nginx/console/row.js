import { changeOf } from './changes.js';
import { make, timeOfDay } from './dom.js';

/** A row of the list: when, what, of which document, and what it changed. */
export function rowOf(item, isChosen, onChoose) {
  const { kind, key, type, time, what, subject, changes = [] } = item;
  const button = make(
    'button.event',
    { type: 'button', tabIndex: -1, dataset: { kind, key } },
    make('time', { dateTime: new Date(time).toISOString(), textContent: timeOfDay(time) }),
    make('b', { textContent: type }),
    make(
      'span.text',
      {},
      make('span.what', { textContent: what }),
      ...changes.map((change) => make('span.change', {}, `${change.name} `, ...changeOf(change))),
    ),
    make('code', { textContent: subject.slice(-12) }),
  );
  if (isChosen) button.setAttribute('aria-current', 'true');
  button.addEventListener('click', () => onChoose(item, button));
  return make('li', {}, button);
}
