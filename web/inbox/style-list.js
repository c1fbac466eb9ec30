// How the list looks: cards on a page of their own, lines in the panel of the bell.

export const LIST_STYLE = `
.item {
  position: relative;
  display: grid;
  grid-template-columns: 0.55rem minmax(0, 1fr);
  gap: 0 0.7rem;
  min-block-size: 4.5rem;
  padding: 0.8rem 1rem;
  border-block-end: 1px solid var(--line);
  contain: layout style;
  scroll-margin-block: var(--belfry-scroll-margin, 0.5rem) 4.5rem; /* below: the bar */
}
.item:focus-visible { outline-offset: -3px; border-radius: 8px; }
:host([inline]) .item {
  margin-block-end: 0.6rem;
  padding: 0.95rem 1rem;
  border: 1px solid var(--line);
  border-radius: var(--round);
}
:host([inline]) .item:focus-visible { outline-offset: 2px; border-radius: var(--round); }
.item[data-unread] { cursor: pointer; }
:host([inline]) .item[data-unread] {
  background: var(--surface);
  box-shadow: 0 1px 2px rgb(30 30 20 / 6%), 0 6px 20px rgb(30 30 20 / 5%);
}
.item:hover, :host([inline]) .item[data-unread]:hover { background: var(--hover); }
.dot { width: 0.55rem; height: 0.55rem; margin-block-start: 0.42rem; border-radius: 50%; }
[data-unread] .dot { background: var(--accent); }
.body { min-width: 0; }
.about {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 0.25rem 0.55rem;
  min-block-size: 1.5rem;
  color: var(--muted);
  font-size: 0.825rem;
}
.category, .priority, .until {
  max-width: min(14rem, 100%);
  padding: 0 0.5rem;
  overflow: hidden;
  border-radius: 6px;
  background: var(--sunken);
  text-overflow: ellipsis;
  white-space: nowrap;
  unicode-bidi: isolate;
}
.priority, .until { font-weight: 600; }
.until { background: var(--accent-soft); color: var(--accent); }
[data-priority="4"] .priority { background: var(--warm-soft); color: var(--warm); }
[data-priority="5"] .priority { background: var(--danger-soft); color: var(--danger); }
.edited { font-style: italic; }
.item[data-pinned]::after {
  content: "";
  position: absolute;
  inset-block: 0.75rem;
  inset-inline-start: 0;
  width: 3px;
  border-radius: 3px;
  background: var(--accent);
}
.title, .message { margin-block-start: 0.15rem; white-space: pre-wrap; unicode-bidi: isolate; text-align: -webkit-match-parent; text-align: match-parent; }
.title { font-weight: 500; }
[data-unread] .title { font-weight: 650; }
.title:not([hidden]) + .message { margin-block-start: 0; color: var(--muted); }
:host([inline]) .title:not([hidden]) + .message { color: inherit; }
.clipped {
  display: -webkit-box;
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 4;
  line-clamp: 4;
  overflow: hidden;
}
.more { display: block; padding-inline: 0; font-size: 0.875rem; }
.link {
  display: inline-block;
  max-width: 100%;
  min-block-size: 1.5rem;
  margin-block-start: 0.2rem;
  overflow: hidden;
  color: var(--accent);
  font-size: 0.875rem;
  text-overflow: ellipsis;
  text-underline-offset: 0.15em;
  vertical-align: bottom;
  white-space: nowrap;
}

/* They come when the row is pointed at or is gone to by key; where nothing can hover they are always there. */
.actions { display: flex; gap: 0.1rem; }
@media (hover: hover) {
  .actions {
    position: absolute;
    inset-block-start: 0.45rem;
    inset-inline-end: 0.6rem;
    padding: 1px;
    border-radius: 10px;
    background: var(--surface);
    box-shadow: 0 0 0 1px var(--line), 0 2px 8px rgb(0 0 0 / 10%);
    opacity: 0;
  }
  .actions .action { width: 1.9rem; height: 1.8rem; }
  .item:hover .actions, .item:is(:focus-visible, :has(:focus-visible)) .actions { opacity: 1; }
}
@media (hover: none) {
  .actions { grid-column: 2; justify-content: space-between; max-width: 20rem; margin: 0.25rem -0.7rem -0.4rem; }
}

.empty { padding: 3rem 1rem; text-align: center; color: var(--muted); }
.empty svg { width: 3.25rem; height: 3.25rem; color: var(--strong-line); }
.empty-title { margin-block-start: 0.4rem; color: var(--text); font-size: 1.05rem; font-weight: 650; }
.skeleton { display: grid; gap: 0.6rem; padding: 0.75rem; }
:host([inline]) .skeleton { padding: 0; }
.bone { height: 5rem; border-radius: var(--round); background: var(--sunken); animation: breathe 1.4s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: 0.45; } }
`;
