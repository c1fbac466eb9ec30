// Where a chart's values and times lie, and which of them are written beside its axes. Pure.

const STEPS = [1, 2, 5, 10];
const TIME_STEPS_SECONDS = [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

// Round values from 0 up to at least `max`, in at most `most` steps: [0, 5, 10, 15]. Never finer
// than 1: what is counted and measured here is whole.
export function valueTicks(max, most = 4) {
  const rough = Math.max(1, max / most);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = STEPS.map((factor) => factor * size).find((candidate) => candidate >= rough);
  const steps = Math.max(1, Math.ceil(max / step));
  return Array.from({ length: steps + 1 }, (_, index) => index * step);
}

// Times (milliseconds) at full minutes or the like between the two, at most `most`.
export function timeTicks(from, to, most) {
  const seconds = (to - from) / 1000 / Math.max(1, most);
  const step = 1000 * (TIME_STEPS_SECONDS.find((size) => size >= seconds) ?? TIME_STEPS_SECONDS.at(-1));
  const first = Math.ceil(from / step) * step;
  const ticks = [];
  for (let tick = first; tick <= to; tick += step) ticks.push(tick);
  return ticks;
}

// The function that leads from one range to another.
export const linear = ([from, to], [start, end]) => (value) =>
  start + ((value - from) / (to - from || 1)) * (end - start);

// The path through these points; a null interrupts it.
export function linePath(points) {
  let down = false;
  return points.map((point) => {
    if (!point) down = false;
    if (!point) return "";
    const step = `${down ? "L" : "M"}${round(point[0])} ${round(point[1])}`;
    // A point that stands alone is seen as a dot: a line to itself with round ends.
    const dot = down ? "" : "h0";
    down = true;
    return step + dot;
  }).join("");
}

const round = (value) => Math.round(value * 10) / 10;
