"""The look of the slides, and what keeps a slide from running over its edge."""

CSS = """
:root { --ink: #16202a; --soft: #5a6672; --accent: #00558a; }
html, body { height: 100%; margin: 0; }
body { background: #fff; color: var(--ink); font-family: system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.reveal { font-size: 32px; line-height: 1.38; }
.reveal .slides { text-align: left; }
.reveal .slides section { box-sizing: border-box; padding: 24px 40px; }
.reveal h1 { font-size: 1.9em; line-height: 1.15; margin: 0 0 0.5em; color: var(--accent); }
.reveal h2 { font-size: 1.35em; margin: 0 0 0.6em; color: var(--accent); }
.reveal h2.kicker { font-size: 0.75em; font-weight: 500; color: var(--soft); }
.reveal h3 { font-size: 1.1em; margin: 0 0 0.5em; }
.reveal p, .reveal ul, .reveal ol { margin: 0 0 0.6em; }
.reveal a { color: var(--accent); }
.reveal img.figure { display: block; margin: 0 auto; width: 100%; max-height: 590px; object-fit: contain; }
.reveal pre { font-size: 0.62em; line-height: 1.35; margin: 0 0 0.6em; padding: 0.6em 0.8em; background: #f2f4f6; }
.reveal pre { white-space: pre-wrap; }
.reveal .slide-number { right: auto; left: 12px; background: none; color: var(--soft); }
.reveal pre, .reveal code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
.reveal code { font-size: 0.9em; }
.reveal table { border-collapse: collapse; font-size: 0.64em; width: 100%; }
.reveal th, .reveal td { text-align: left; vertical-align: top; padding: 0.35em 0.6em; }
.reveal th, .reveal td { border-bottom: 1px solid #c4ccd4; }
.reveal .controls, .reveal .progress { color: var(--accent); }
.reveal .controls { font-size: 6px; }
"""

# reveal.js scales the whole deck to the window, never one slide to its frame: a slide that is still too full gets
# smaller letters.
FIT = """
var frame = {width: 1280, height: 720};
function fit() {
  document.querySelectorAll(".slides section > section").forEach(function (slide) {
    var hidden = [slide, slide.parentNode].map(function (node) {
      var before = node.style.cssText;
      node.style.cssText += ";display:block !important;visibility:hidden;transition:none";
      return [node, before];
    });
    var size = 100;
    while (slide.scrollHeight > frame.height && size > 50) slide.style.fontSize = (size -= 4) + "%";
    var chosen = slide.style.fontSize;
    hidden.forEach(function (entry) { entry[0].style.cssText = entry[1]; });
    slide.style.fontSize = chosen;
  });
}
Reveal.initialize({
  width: frame.width, height: frame.height, margin: 0.02, center: false,
  hash: true, transition: "none", slideNumber: "c/t"
}).then(fit);
"""
