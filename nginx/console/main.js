import { createCards } from './cards.js';
import { redrawCharts } from './charts.js';
import { goToDeadLetter, watchDeadLetters } from './dead-letters.js';
import { createDetail } from './detail.js';
import { byId, count, setText } from './dom.js';
import { createEventList } from './events.js';
import { followFeed } from './feed.js';
import { createFigures } from './figures.js';
import { keyOf } from './item.js';
import { bindKeys } from './keys.js';
import { eventLink, followAddress, setAddress } from './links.js';
import { showNodes } from './nodes.js';
import { createPicture } from './picture.js';
import { watchReplays } from './replays.js';
import { state, watchState } from './state.js';
import { showStations, showThisPage } from './stations.js';
import { bindTheme } from './theme-switch.js';
import { bindTry, notice, tryIt, undoTry } from './try.js';
import { watchUserCheck } from './user-check.js';
import { showVerdict, troublesOf } from './verdict.js';

const feedStates = { live: 'live', waiting: 'reconnecting' };
let isLive = true;

const list = createEventList({ onChoose: choose, onNewest: (item) => detail.noteNewest(item) });
const detail = createDetail(list);
const picture = createPicture(state);
const showFigures = createFigures();
const showCards = createCards();

function choose({ event }) {
  if (event.id) setAddress(eventLink(event));
  detail.show(event);
}

function showNewest() {
  setAddress('');
  list.mark();
  list.leave();
  detail.showNewest();
}

function show() {
  const troubles = troublesOf(state, isLive);
  showVerdict(troubles, state.streams.length > 0);
  showFigures(state, new Set(troubles.map(({ figure }) => figure)));
  showStations(state);
  showCards(state);
  showNodes(state);
  picture.redraw();
}

const nextTheme = bindTheme(() => {
  redrawCharts();
  picture.redraw();
});
bindKeys({ list, tryIt, undoTry, nextTheme, showNewest });
bindTry({
  onShown(event) {
    list.mark(keyOf(event.source, event.id));
    choose({ event });
  },
});
followAddress({
  onEvent(source, id) {
    const key = keyOf(source, id);
    const here = list.find(key);
    list.mark(key);
    if (here) detail.show(here.event);
    else detail.showEvent(source, id);
  },
  onSubject: detail.showSubject,
  onDeadLetter: goToDeadLetter,
  onSearch(text) {
    list.searchFor(text);
    byId('events').scrollIntoView();
  },
  onNothing: showNewest,
});

let arrived = 0;
setInterval(() => {
  showThisPage(`${count(arrived)}/s`);
  arrived = 0;
}, 1000);

followFeed({
  onRecent(events) {
    for (const event of events) list.add(event);
  },
  onEvent(event, kind) {
    arrived += 1;
    notice(event);
    picture.travel(event);
    list.add(event, kind);
  },
  onState(now) {
    const status = byId('status');
    isLive = now === 'live';
    setText(status, feedStates[now]);
    status.dataset.state = now;
    list.noteFeed(isLive);
  },
});
watchState(show, {
  services: byId('services'),
  streams: byId('streams'),
  readers: byId('readers'),
  nodes: byId('nodes'),
});
watchUserCheck();
watchDeadLetters();
watchReplays();
