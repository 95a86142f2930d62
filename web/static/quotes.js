// A quote's card opens under the pointer and for the keyboard. Without this file it opens by a click, a tap or Enter.
"use strict";
(() => {
  const hover = matchMedia("(hover: hover)").matches;
  const placed = CSS.supports("position-area", "block-end"); // then the stylesheet puts the card at its number
  let pinned = null; // the card that a click opened stays
  let opener = null; // the number that opened the card that is shown
  let timer = 0;

  const cardOf = (marker) => document.getElementById(marker.getAttribute("popovertarget"));

  const put = (marker, card) => {
    if (placed) return;
    const at = marker.getBoundingClientRect();
    const below = at.bottom + card.offsetHeight + 8 < innerHeight;
    card.style.margin = "0";
    card.style.left = Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 8)) + "px";
    card.style.top = (below ? at.bottom + 4 : Math.max(8, at.top - card.offsetHeight - 4)) + "px";
  };

  const show = (marker) => {
    const card = cardOf(marker);
    if (card.matches(":popover-open")) return;
    pinned = null;
    opener = marker;
    card.showPopover({ source: marker });
    put(marker, card);
  };

  // The cards stand behind all that they are opened from: the tabulator goes on where it came from, not behind the cards.
  const onward = (marker, card, event) => {
    const links = card.querySelectorAll("a[href]");
    if (event.key !== "Tab" || event.shiftKey || event.target !== links[links.length - 1]) return;
    const stops = [...marker.closest("section").querySelectorAll("a[href], button, summary")];
    const next = stops.slice(stops.indexOf(marker) + 1).find((one) => !one.closest("[popover]") && one.offsetParent);
    if (!next) return;
    event.preventDefault();
    card.hidePopover();
    next.focus();
  };

  const hide = (card) => {
    if (card !== pinned && card.matches(":popover-open")) card.hidePopover();
  };

  // The pointer has left: a card that the keyboard has reached meanwhile stays.
  const leave = (marker, card) => {
    if (!marker.matches(":focus-visible") && !card.contains(document.activeElement)) hide(card);
  };

  for (const marker of document.querySelectorAll("button[popovertarget]")) {
    const card = cardOf(marker);
    const later = (work, wait) => { clearTimeout(timer); timer = setTimeout(work, wait); };
    if (hover) {
      for (const part of [marker, card]) {
        part.addEventListener("pointerenter", () => later(() => show(marker), part === marker ? 120 : 0));
        part.addEventListener("pointerleave", () => later(() => leave(marker, card), 250));
      }
    }
    marker.addEventListener("focus", () => { if (marker.matches(":focus-visible")) show(marker); });
    marker.addEventListener("blur", (event) => { if (!card.contains(event.relatedTarget)) hide(card); });
    marker.addEventListener("click", (event) => {
      clearTimeout(timer);
      event.preventDefault(); // else the click that follows a hover would close what it opened
      if (pinned === card) { pinned = null; card.hidePopover(); return; }
      show(marker);
      pinned = card;
    });
    card.addEventListener("keydown", (event) => { if (opener === marker) onward(marker, card, event); });
    card.addEventListener("toggle", (event) => { if (event.newState === "closed" && pinned === card) pinned = null; });
  }
})();
