// Paper is white: print in the light scheme whatever the screen shows.
(function () {
  var root = document.documentElement, shown;
  window.addEventListener("beforeprint", function () {
    shown = root.dataset.theme;
    root.dataset.theme = "light";
  });
  window.addEventListener("afterprint", function () {
    root.dataset.theme = shown;
  });
})();
