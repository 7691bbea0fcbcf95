/** The element with an id; it is part of the page. */
export const byId = (id) => document.getElementById(id);

/**
 * Makes an element. Text always becomes text: nothing that comes from an event is ever read as HTML.
 * @param {string} tag the tag, and classes behind dots
 * @param {Record<string, unknown>} properties properties of the element; those of `dataset` as an object
 */
export function make(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(' ');
  const { dataset, ...others } = properties;
  Object.assign(element, others);
  Object.assign(element.dataset, dataset);
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Sets a text if it differs, so that nothing is drawn or read aloud in vain. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** A number as people read it: with one digit behind the point if it is small. */
export const count = (value) => (Math.abs(value) < 100 ? fine : whole).format(value);

/** A time of day with milliseconds, by the clock of whoever looks. */
export const timeOfDay = (time) => {
  const at = new Date(time);
  const part = (value, digits = 2) => String(value).padStart(digits, '0');
  const seconds = `${part(at.getSeconds())}.${part(at.getMilliseconds(), 3)}`;
  return `${part(at.getHours())}:${part(at.getMinutes())}:${seconds}`;
};

const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** A day, as whoever looks writes it. */
export const day = (time) => days.format(time);

/** Seconds in the unit that suits them. */
export const duration = (seconds) =>
  seconds < 1
    ? `${Math.round(seconds * 1000)} ms`
    : seconds < 120
      ? `${count(seconds)} s`
      : seconds < 7200
        ? `${count(seconds / 60)} min`
        : `${count(seconds / 3600)} h`;
