// Smooths what links do already: turning pages of the original in place, and following the text while it is read.
(() => {
  "use strict";
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  // An address may end with a passage that stands in another section: the server knows which.
  const missing = (fragment) => fragment && !document.getElementById(fragment);
  const fragment = decodeURIComponent(location.hash.slice(1));
  if (missing(fragment) && document.querySelector(".sections") && !location.search.includes("start=")) {
    location.replace("/passages/" + encodeURIComponent(fragment));
    return;
  }

  // A page that cannot be drawn now (many are, or the file is damaged): words instead of an empty sheet.
  const undrawn = (picture) => {
    const words = document.createElement("p");
    words.className = "empty";
    words.textContent = picture.dataset.undrawn;
    picture.replaceWith(words);
  };
  document.addEventListener("error", (event) => {
    if (event.target.matches && event.target.matches("#printed img")) undrawn(event.target);
  }, true);
  document.querySelectorAll("#printed img").forEach((picture) => {
    if (picture.complete && picture.currentSrc && !picture.naturalWidth) undrawn(picture);
  });

  let turning = 0;
  async function swap(href, remember) {
    const turn = ++turning;
    const old = document.getElementById("printed");
    old.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(href, { headers: { Accept: "text/html" } });
      if (!response.ok) throw new Error(response.status);
      const found = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("printed");
      if (turn !== turning) return;
      const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("rel") : null;
      const picture = found.querySelector("img");
      picture.removeAttribute("loading");
      old.replaceWith(found);
      if (focused) (found.querySelector(`a[rel=${focused}]`) || found.querySelector("a")).focus({ preventScroll: true });
      if (remember) history.replaceState(null, "", href);
    } catch (error) {
      if (remember) location.assign(href);
      else old.removeAttribute("aria-busy");
    }
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("#printed a[data-swap]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    swap(link.href, true);
  });

  // The page beside the text is the one that is being read.
  const beside = document.querySelector("aside#printed");
  if (!beside || !("IntersectionObserver" in window) || still) return;
  const leaves = [...document.querySelectorAll(".leaf[id] a")];
  let wanted, timer;
  const watcher = new IntersectionObserver((entries) => {
    const passed = leaves.filter((leaf) => leaf.getBoundingClientRect().top < innerHeight * 0.4).pop();
    if (!passed || passed.href === wanted || !entries.length) return;
    const first = wanted === undefined;
    wanted = passed.href;
    clearTimeout(timer);
    if (first || getComputedStyle(document.getElementById("printed")).display === "none") return;
    const address = new URL(wanted);
    address.searchParams.delete("view");
    if (address.searchParams.get("page") === document.querySelector("#printed img, #printed .empty")?.closest("figure").dataset.page) return;
    timer = setTimeout(() => swap(address.href, false), 400);
  }, { rootMargin: "0px 0px -60% 0px", threshold: [0, 1] });
  leaves.forEach((leaf) => watcher.observe(leaf));
})();
