import { askText, every } from './api.js';
import { byId, count, setText } from './dom.js';

const interval = 2000;

/** How the user of new tasks was found, since the task service started. */
export function watchUserCheck() {
  const share = byId('check-share');
  const figures = byId('check-figures');
  const refresh = async () => {
    const metrics = await askText('/metrics/tasks');
    const counted = [...metrics.matchAll(/^user_checks_total\{.*?answered="([^"]*)".*?\} (\S+)$/gm)];
    const total = counted.reduce((all, [, , value]) => all + Number(value), 0);
    const locally = counted
      .filter(([, answered]) => answered === 'locally')
      .reduce((all, [, , value]) => all + Number(value), 0);
    share.value = total === 0 ? 1 : locally / total;
    setText(
      figures,
      total === 0 ? 'None yet.' : `${count(locally)} locally, ${count(total - locally)} over HTTP as well`,
    );
  };
  every(interval, refresh, figures);
}
