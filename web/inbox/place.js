// Puts a popover beside its button, within the window.

const GAP = 6;
const MARGIN = 8;

// Below the button, its end at the button's end; above if there is more room; never outside.
export function placeBelow(button, popover) {
  const { top, bottom, left, right } = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const isRightToLeft = getComputedStyle(button).direction === "rtl";
  const isBelow = bottom + GAP + height + MARGIN <= innerHeight || bottom + top < innerHeight;
  const x = isRightToLeft ? left : right - width;
  const y = isBelow ? bottom + GAP : top - GAP - height;
  popover.style.setProperty("left", `${within(x, innerWidth - width)}px`);
  popover.style.setProperty("top", `${within(y, innerHeight - height)}px`);
}

const within = (position, most) => Math.max(MARGIN, Math.min(position, most - MARGIN));
