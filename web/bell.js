// The bell: how many are unread, also in the title of the tab.

const MOST = 99;

export class Bell {
  constructor(link) {
    this.link = link;
    this.badge = link.querySelector(".badge");
    link.addEventListener("animationend", () => link.classList.remove("ringing"));
  }

  show(unread) {
    const number = unread > MOST ? `${MOST}+` : String(unread);
    this.badge.textContent = number;
    this.badge.hidden = unread === 0;
    this.link.setAttribute("aria-label", `Notifications, ${unread} unread`);
    document.title = unread ? `(${number}) Belfry` : "Belfry";
  }

  ring() {
    this.link.classList.add("ringing");
  }
}
