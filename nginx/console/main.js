import { redrawCharts } from './charts.js';
import { watchDeadLetters } from './dead-letters.js';
import { showEvent } from './detail.js';
import { byId, count, setText } from './dom.js';
import { createEventList } from './events.js';
import { followFeed } from './feed.js';
import { bindKeys } from './keys.js';
import { watchReaders } from './readers.js';
import { watchReplays } from './replays.js';
import { bindTheme } from './theme-switch.js';
import { notice, tryIt } from './try.js';
import { watchUserCheck } from './user-check.js';

const states = { live: 'live', waiting: 'reconnecting' };

const list = createEventList({ onChoose: showEvent });
const nextTheme = bindTheme(redrawCharts);
bindKeys({ list, tryIt, nextTheme });

let arrived = 0;
setInterval(() => {
  setText(byId('events-rate'), arrived > 0 ? `${count(arrived)} a second` : '');
  arrived = 0;
}, 1000);

followFeed({
  onRecent(events) {
    for (const event of events) list.add(event);
  },
  onEvent(event, kind) {
    arrived += 1;
    notice(event);
    list.add(event, kind);
  },
  onState(state) {
    const status = byId('status');
    setText(status, states[state]);
    status.dataset.state = state;
  },
});
watchReaders();
watchUserCheck();
watchDeadLetters();
watchReplays();
