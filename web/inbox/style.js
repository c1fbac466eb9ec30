// How the element looks: light or dark as the page around it, by the page's `color-scheme`. Colours keep AA contrast in both schemes; whoever sets a --belfry-… property
// answers for its contrast. docs/inbox-element.md lists them. Only logical sides, for right-to-left.

import { LIST_STYLE } from "./style-list.js";

const PANEL_STYLE = `
:host {
  --accent: var(--belfry-accent, light-dark(#0b6e69, #62cfc5));
  --accent-soft: var(--belfry-accent-soft, light-dark(#e4f1ef, #1b3434));
  --on-accent: var(--belfry-on-accent, light-dark(#fff, #06211f));
  --surface: var(--belfry-surface, light-dark(#fff, #1b2023));
  --hover: var(--belfry-hover, light-dark(#f5f7f6, #22292c));
  --sunken: var(--belfry-sunken, light-dark(#ecebe6, #2a3236));
  --raised: var(--belfry-raised, light-dark(#fff, #3f4c51));
  --text: var(--belfry-text, light-dark(#1c2125, #e9edee));
  --muted: var(--belfry-muted, light-dark(#565f66, #a6b1b7));
  --line: var(--belfry-line, light-dark(#e2dfd7, #2f383c));
  --strong-line: light-dark(#868d94, #78848b);
  --badge: var(--belfry-badge, light-dark(#c2340b, #ff8e66));
  --on-badge: var(--belfry-on-badge, light-dark(#fff, #2a0d02));
  --danger: var(--belfry-danger, light-dark(#ad1f12, #ffa397));
  --danger-soft: var(--belfry-danger-soft, light-dark(#fdecea, #3b1f1c));
  --warm: light-dark(#8a5200, #f2be6f);
  --warm-soft: light-dark(#fdf1dc, #372a16);
  --round: var(--belfry-radius, 14px);
  --shadow: 0 1px 2px rgb(30 30 20 / 8%), 0 12px 40px rgb(20 20 10 / 18%);
  display: inline-block;
  color: var(--text);
  font: 400 1rem/1.5 var(--belfry-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif);
  /* A bell often stands in a header, whose ways are not those of the panel. */
  text-align: start;
  text-indent: 0;
  text-transform: none;
  letter-spacing: normal;
  white-space: normal;
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([inline]) { display: block; }
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
h2, h3, p { margin: 0; font: inherit; }
button, select, input { font: inherit; color: inherit; }
button { cursor: pointer; }
button:disabled { cursor: default; opacity: 0.5; }
svg { fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
.panel:focus-visible { outline: none; }
.heard {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.plain { min-block-size: 1.75rem; padding: 0 0.25rem; border: 0; background: none; color: var(--accent); font-weight: 600; white-space: nowrap; }
.plain:hover { text-decoration: underline; }
.action {
  display: grid;
  place-items: center;
  width: 2rem;
  height: 2rem;
  padding: 0;
  border: 0;
  border-radius: 8px;
  background: none;
  color: var(--muted);
}
.action:hover:enabled { background: var(--accent-soft); color: var(--accent); }
.action svg { width: 1.25rem; height: 1.25rem; }

.bell {
  position: relative;
  display: grid;
  place-items: center;
  width: 2.75rem;
  height: 2.75rem;
  padding: 0;
  border: 0;
  border-radius: 10px;
  background: none;
}
.bell:hover, .bell[aria-expanded="true"] { color: var(--accent); background: var(--accent-soft); }
.bell svg { width: 1.75rem; height: 1.75rem; }
.badge {
  position: absolute;
  inset-block-start: 0.1rem;
  inset-inline-start: 1.4rem;
  min-width: 1.2rem;
  padding: 0 0.3rem;
  border-radius: 1rem;
  background: var(--badge);
  color: var(--on-badge);
  font-size: 0.72rem;
  font-weight: 700;
  line-height: 1.2rem;
  text-align: center;
  font-variant-numeric: tabular-nums;
}
.ringing svg { transform-origin: 50% 15%; animation: ring 0.7s ease-in-out; }
@keyframes ring {
  20% { transform: rotate(14deg); }
  45% { transform: rotate(-11deg); }
  70% { transform: rotate(6deg); }
}

.panel { display: flex; flex-direction: column; min-height: 0; position: relative; overflow-wrap: anywhere; }
.panel[popover] {
  position: fixed;
  inset: auto;
  width: min(var(--belfry-panel-width, 27rem), 100vw - 16px);
  height: min(var(--belfry-panel-height, 42rem), 100dvh - 5rem);
  margin: 0;
  padding: 0;
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: var(--round);
  background: var(--surface);
  color: inherit;
  box-shadow: var(--shadow);
}
.panel[popover]:not(:popover-open) { display: none; }
.head { display: flex; align-items: center; gap: 0.75rem; }
.panel[popover] .head { padding: 0.85rem 0.75rem 0 1rem; }
.heading { font-size: 1.1rem; font-weight: 700; letter-spacing: -0.01em; }
:host([inline]) .heading { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.015em; }
.head-actions { display: flex; gap: 0.15rem; margin-inline-start: auto; }
:host([inline]) .close { display: none; }
.state { display: flex; align-items: center; gap: 0.4rem; min-width: 0; color: var(--muted); font-size: 0.85rem; }
.state-word { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-variant-numeric: tabular-nums; }
.state-dot { flex: none; width: 0.5rem; height: 0.5rem; border-radius: 50%; background: var(--strong-line); }
.state:is([data-state="live"], [data-state="polling"]) .state-dot { background: var(--accent); }
.state[data-state="waiting"] { color: var(--text); }
.state[data-state="waiting"] .state-dot { background: var(--badge); }

.filters { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; padding: 0.85rem 0; }
.panel[popover] .filters { padding: 0.75rem 1rem; border-block-end: 1px solid var(--line); }
.tabs { display: flex; flex: 1 0 auto; padding: 3px; border-radius: 11px; background: var(--sunken); }
:host([inline]) .tabs { flex: 0 0 auto; }
.tab {
  flex: 1 1 auto;
  min-height: 2.1rem;
  padding: 0.1rem 0.7rem;
  border: 0;
  border-radius: 8px;
  background: none;
  color: var(--muted);
  font-size: 0.875rem;
  font-weight: 600;
  white-space: nowrap;
}
.tab:hover { color: var(--text); }
.tab[aria-pressed="true"] { background: var(--raised); color: var(--text); box-shadow: 0 1px 2px rgb(0 0 0 / 14%); }
.tab-count:not(:empty) { display: inline-block; margin-inline-start: 0.35rem; color: var(--accent); font-variant-numeric: tabular-nums; }
.tab[aria-pressed="true"] .tab-count { color: inherit; }
.choices { display: flex; flex-wrap: wrap; gap: 0.5rem; min-width: 0; }
.choices:not(:has(select:not([hidden]))) { display: none; }
.choice {
  max-width: 11rem;
  min-height: 2.1rem;
  padding: 0.1rem 0.5rem;
  border: 1px solid var(--strong-line);
  border-radius: 9px;
  background: var(--surface);
  font-size: 0.875rem;
  text-overflow: ellipsis;
}

.scroller { flex: 1 1 auto; min-height: 0; }
.panel[popover] .scroller { overflow-y: auto; overscroll-behavior: contain; }
.end { height: 1px; }
.loading-more { padding: 0.75rem; color: var(--muted); text-align: center; font-size: 0.9rem; }
.trouble, .bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  justify-content: space-between;
  gap: 0.25rem 1rem;
  padding: 0.6rem 0.9rem;
}
.trouble { margin-block-end: 0.75rem; border-radius: 10px; background: var(--danger-soft); color: var(--danger); }
.panel[popover] .trouble { margin: 0.75rem; }
.trouble .plain { color: inherit; }
.bar {
  position: sticky;
  inset-block-end: 1rem;
  z-index: 1;
  margin-block-start: 0.75rem;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--raised);
  box-shadow: var(--shadow);
  animation: rise 0.18s ease-out;
}
.panel[popover] .bar { position: absolute; inset-inline: 0.75rem; inset-block-end: 0.75rem; margin: 0; }
.bar[data-kind="problem"] { background: var(--danger-soft); color: var(--danger); border-color: currentcolor; }
.bar[data-kind="problem"] .plain { color: inherit; }
.bar-text { flex: 1 1 10rem; min-width: 0; }
.bar-buttons { display: flex; gap: 0.75rem; }
@keyframes rise { from { opacity: 0; transform: translateY(8px); } }

.menu {
  position: fixed;
  inset: auto;
  min-width: 15rem;
  max-width: calc(100vw - 16px);
  margin: 0;
  padding: 0.35rem;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--surface);
  color: inherit;
  box-shadow: var(--shadow);
}
.menu-entry {
  display: flex;
  justify-content: space-between;
  gap: 1.5rem;
  width: 100%;
  min-height: 2.25rem;
  padding: 0.3rem 0.65rem;
  border: 0;
  border-radius: 8px;
  background: none;
  text-align: start;
}
.menu-entry:hover, .menu-entry:focus { background: var(--accent-soft); }
.menu-time { color: var(--muted); font-variant-numeric: tabular-nums; }
.menu-entry:is(:hover, :focus) .menu-time { color: inherit; }
.menu-form { display: grid; gap: 0.4rem; padding: 0.5rem; }
.menu-form label { font-weight: 600; font-size: 0.9rem; }
.menu-form input { min-height: 2.5rem; padding: 0.3rem 0.6rem; border: 1px solid var(--strong-line); border-radius: 9px; background: var(--surface); }
.menu-form [aria-invalid] { border-color: var(--danger); }
.menu-problem { color: var(--danger); font-size: 0.9rem; }
.menu-problem:empty { display: none; }
.strong { min-height: 2.5rem; padding: 0.3rem 1rem; border: 0; border-radius: 9px; background: var(--accent); color: var(--on-accent); font-weight: 600; }

@media (max-width: 32rem) {
  .panel[popover] { inset: 0 !important; width: auto; height: auto; max-height: none; border: 0; border-radius: 0; }
  .filters .tabs, :host([inline]) .tabs { flex: 1 0 100%; }
  .tab { padding-inline: 0.35rem; }
  .choices { flex: 1; }
  .choice { flex: 1; max-width: none; min-width: 0; }
}
@media (hover: none) {
  .action { width: 2.75rem; height: 2.75rem; }
  .tab, .choice { min-height: 2.5rem; }
  .menu-entry { min-height: 2.75rem; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation-duration: 0.01ms !important; animation-iteration-count: 1 !important; transition: none !important; }
}
@media (forced-colors: active) {
  .tab[aria-pressed="true"], .bell, .bar, .menu { border: 1px solid; }
  .dot { forced-color-adjust: none; }
}
`;

export const STYLE = new CSSStyleSheet();
STYLE.replaceSync(PANEL_STYLE + LIST_STYLE);
