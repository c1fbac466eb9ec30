// What can be done with a notification. The client shows it at once, and takes it back when the server
// refuses; archiving and deleting can be undone.

export class Actions {
  // `opened(item)` answers whether a link is followed.
  constructor(client, { bar, menu, words, opened }) {
    Object.assign(this, { client, bar, menu, words, opened });
  }

  act(name, item, from) {
    this[`_${name}`](item, from);
  }

  all(change, filter, words) {
    const said = ({ changed }) => this.bar.tell(this.words.say(words, { count: changed }));
    this.client.change(change, { filter }).then(said, () => {}); // the event "problem" tells it
  }

  _open(item, event) {
    if (!item.read) this.client.read(item.id);
    if (!this.opened(item)) event.preventDefault();
  }

  _read(item) {
    if (item.read) this.client.unread(item.id);
    else this.client.read(item.id);
  }

  _pin(item) {
    if (item.pinned) this.client.unpin(item.id);
    else this.client.pin(item.id);
  }

  _snooze(item, button) {
    this.menu.open(button, (time) => {
      this.client.snooze(item.id, time);
      const text = this.words.say("snoozedOne", { time: this.words.until(time) });
      this.bar.offerUndo(text, () => this.#putBack(item, "unsnooze"));
    });
  }

  _unsnooze(item) {
    this.client.unsnooze(item.id);
  }

  _archive(item) {
    if (item.archived) return this.client.unarchive(item.id);
    this.client.archive(item.id);
    return this.bar.offerUndo(this.words.say("archivedOne"), () => this.#putBack(item, "unarchive"));
  }

  // It cannot be taken back once the server has done it, so the server is told late.
  _delete(item) {
    const { undo, release } = this.client.hold("delete", { ids: [item.id] });
    this.bar.offerUndo(this.words.say("deleted"), undo, release);
  }

  // Where it was before; `back` is how it comes into the inbox.
  #putBack(item, back) {
    if (item.snoozedUntil) this.client.snooze(item.id, new Date(item.snoozedUntil));
    else if (item.archived) this.client.archive(item.id);
    else this.client[back](item.id);
  }
}
