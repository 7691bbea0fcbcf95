// A figure's last fifteen minutes as a line behind it. Its colours come from the style alone.

const svg = 'http://www.w3.org/2000/svg';
const width = 300;
const height = 40;

/** Draws values over time, oldest first, that may be missing. @param {number} atLeast the height of the plot if all is lower */
export function createSpark(atLeast) {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('viewBox', `0 0 ${width} ${height}`);
  element.setAttribute('preserveAspectRatio', 'none');
  element.setAttribute('aria-hidden', 'true');
  element.classList.add('spark');
  const [area, curve] = ['area', 'curve'].map((name) => {
    const path = document.createElementNS(svg, 'path');
    path.classList.add(name);
    element.append(path);
    return path;
  });
  return {
    element,
    show(values) {
      const most = values.reduce((all, value) => Math.max(all, value ?? 0), atLeast);
      const x = (at) => ((at / (values.length - 1)) * width).toFixed(1);
      const y = (value) => (height - 1 - (value / most) * (height - 4)).toFixed(1);
      const runs = runsOf(values);
      const points = ({ from, run }) => run.map((value, at) => `${x(from + at)} ${y(value)}`).join('L');
      curve.setAttribute('d', runs.map((run) => `M${points(run)}`).join(''));
      area.setAttribute(
        'd',
        runs
          .map(
            (run) =>
              `M${x(run.from)} ${height}L${points(run)}L${x(run.from + run.run.length - 1)} ${height}Z`,
          )
          .join(''),
      );
    },
  };
}

/** The stretches of values without a gap. */
function runsOf(values) {
  const runs = [];
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    const last = runs.at(-1);
    if (last && last.from + last.run.length === at) last.run.push(value);
    else runs.push({ from: at, run: [value] });
  }
  return runs;
}
