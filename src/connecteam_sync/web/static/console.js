"use strict";
// Loads a page again after `data-refresh` seconds, with its filters and where it was scrolled to, unless somebody is
// busy with it: a field has the focus, something is unfolded or selected, or the page is not seen.
(function () {
  var seconds = Number(document.body.dataset.refresh || 0);
  if (!seconds) { return; }
  function isBusy() {
    var focused = document.activeElement;
    return document.hidden
      || (focused && focused !== document.body && focused.id !== "content")
      || document.querySelector("details[open]") !== null
      || String(window.getSelection()) !== "";
  }
  window.setInterval(function () {
    if (!isBusy()) { window.location.reload(); }
  }, seconds * 1000);
}());
