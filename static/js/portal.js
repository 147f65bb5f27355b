// What every page does beyond HTML: theme, menu, dialogs, focus after a refusal, the state of saving.
// Each part only saves a step: without this file all forms and links still work.
"use strict";

const all = (selector, root = document) => root.querySelectorAll(selector);
const say = (text) => {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
};

// Theme: show it at once, keep it in the background.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-switch]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of all("button", form)) button.setAttribute("aria-pressed", String(button === event.submitter));
  document.dispatchEvent(new CustomEvent("portal:theme"));
  fetch(form.action, { method: "POST", body: new FormData(form, event.submitter), redirect: "manual" })
    .catch(() => say("The colours could not be kept for your next visit."));
});

// A link or button with data-dialog opens that dialog instead of the page that asks the same.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  for (const menu of all("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// What asks for attention gets the focus; a page with errors says so in its title.
const attend = (root) => {
  const target = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
  if (target) target.focus();
  if (root.querySelector("[data-error-summary]") && !document.title.startsWith("Error: ")) {
    document.title = `Error: ${document.title}`;
  }
};
document.addEventListener("DOMContentLoaded", () => attend(document.body));
document.addEventListener("htmx:load", (event) => attend(event.detail.elt));

// Saving: every group with data-save says what becomes of its answer. One that fails is tried again, later each time.
const WAIT = [2, 5, 15, 30, 60];
const TYPED = 800; // milliseconds after the last key
const unsaved = new Map(); // id of the group -> times it failed
const typing = new Map(); // id of the group -> timer
const groupOf = (event) => event.detail.elt.closest("[data-save]");
const again = (id) => {
  const group = document.getElementById(id);
  if (group) window.htmx.trigger(group, "retry");
};
const show = (group, text, late = false) => {
  const state = group.querySelector("[data-save-state]");
  if (!state) return;
  state.textContent = text;
  state.classList.toggle("saved--late", late);
  if (late) say(text);
};
// From the first key on there is something to lose; a text whose answer is chosen is saved when the typing stops.
document.addEventListener("input", (event) => {
  const id = event.target.closest("[data-save]")?.id;
  if (!id) return;
  if (!unsaved.has(id)) unsaved.set(id, 0);
  clearTimeout(typing.get(id));
  if (event.target.matches("textarea") && document.getElementById(id).querySelector("[type=radio]:checked")) {
    typing.set(id, setTimeout(again, TYPED, id));
  }
});
document.addEventListener("htmx:beforeRequest", (event) => {
  const group = groupOf(event);
  if (!group) return;
  clearTimeout(typing.get(group.id));
  if (!unsaved.has(group.id)) unsaved.set(group.id, 0);
  const na = group.querySelector("[value=na]:checked");
  const why = group.querySelector("textarea");
  if (na && why && !why.value.trim()) {
    event.preventDefault();
    show(group, "Not saved: say why it does not apply", true);
    return;
  }
  show(group, "Saving");
});
const retry = (event) => {
  const group = groupOf(event);
  const status = event.detail.xhr?.status ?? 0;
  if (!group) return;
  if (status >= 400 && status < 500 && status !== 429) {
    unsaved.delete(group.id);
    show(group, status === 403 || status === 404 ? "Not saved: you may no longer change this" : "Not saved: reload the page", true);
    return;
  }
  const failed = unsaved.get(group.id) ?? 0;
  unsaved.set(group.id, failed + 1);
  show(group, "Not saved, trying again", true);
  setTimeout(again, WAIT[Math.min(failed, WAIT.length - 1)] * 1000, group.id);
};
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, retry);
window.addEventListener("online", () => {
  for (const [id, failed] of unsaved) if (failed) again(id);
});
// Signed out meanwhile: the redirect ends at another address, and its page must not land inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (!xhr?.responseURL || new URL(xhr.responseURL).pathname === new URL(requestConfig.path, location.href).pathname) return;
  event.detail.shouldSwap = false;
  const group = groupOf(event);
  if (group) show(group, "Not saved: you are signed out. Sign in in another window, then change the answer again", true);
  // Reloading leads to the sign-in page too, and from there back to this page, not to a fragment of it.
  else if (requestConfig.verb === "get") location.reload();
  else location.assign(xhr.responseURL);
});
document.addEventListener("htmx:afterSwap", (event) => {
  const id = event.detail.requestConfig?.elt?.closest("[data-save]")?.id ?? event.detail.elt.id;
  const group = document.getElementById(id);
  // Refused, or somebody else was first: what was typed stands in the page and nowhere else.
  if (!unsaved.has(id) || group?.querySelector(".conflict, .error")) return;
  unsaved.delete(id);
  const text = group?.querySelector("[data-save-state]")?.textContent.trim();
  if (text) say(text);
  if (document.activeElement === document.body) group?.querySelector("[type=radio]:checked")?.focus();
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved.size) event.preventDefault();
});
// A form sent whole carries its own answers; those of no other form.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  for (const id of unsaved.keys()) if (event.target.contains(document.getElementById(id))) unsaved.delete(id);
});
